using SamSharp.Analysis;
using TorchSharp.Modules;

namespace SamSharp.Tests.Analysis;

/// <summary>L = w'Hw / 2 + b'w as a model; by default with the H and w of the golden numbers, H = [[2, 1], [1, 4]] at w = (1, -0.5).</summary>
[InDisposeScope]
internal sealed class Bowl : nn.Module
{
    private readonly Tensor _hessian;
    private readonly Tensor _slope;
    private readonly Parameter _w;

    public Bowl(double[]? hessian = null, double[]? weights = null, double[]? slope = null) : base(nameof(Bowl))
    {
        weights ??= [1, -0.5];
        _hessian = tensor(hessian ?? [2, 1, 1, 4], [weights.Length, weights.Length]);
        _w = new(tensor(weights));
        _slope = tensor(slope ?? new double[weights.Length]);
        RegisterComponents();
    }

    public Parameter W => _w;

    /// <summary>The golden quadratic, moved so that its minimum is at w.</summary>
    public static Bowl AtMinimum() => new(slope: [-1.5, 1]);

    public Tensor Loss() => _w.dot(_hessian.mv(_w)).Times(0.5).Plus(_slope.dot(_w));

    /// <summary>The loss by the formula, with no derivative involved.</summary>
    public double At(params double[] displacement)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var w = _w.Plus(tensor(displacement));
        return w.dot(_hessian.mv(w)).Times(0.5).Plus(_slope.dot(w)).item<double>();
    }

    public double Value(ISharpnessMeasure measure) => Measure(measure)[0].Value;

    public IReadOnlyList<Measurement> Measure(ISharpnessMeasure measure)
    {
        using var surface = new LossSurface(this, Loss);
        return measure.Measure(surface);
    }
}
