using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>L = w'Hw / 2 with H = [[2, 1], [1, 4]], at w = (1, -0.5): gradient (1.5, -1), Hessian eigenvalues 3 +- sqrt 2.</summary>
internal sealed class Quadratic
{
    private readonly Tensor _hessian = tensor(new double[] { 2, 1, 1, 4 }, [2, 2]);

    public Parameter W { get; } = new(tensor(new[] { 1.0, -0.5 }));

    /// <summary>Where the loss was evaluated, pass by pass.</summary>
    public List<double[]> Points { get; } = [];

    /// <summary>The gradients that the base optimizer was given, and the points before.</summary>
    public double[] FinalGradient => W.grad!.ReadAll<double>();

    public double[] Weights => W.detach().ReadAll<double>();

    public Tensor Backward() => Backward(1);

    public Tensor Backward(double factor)
    {
        Points.Add(Weights);
        using var slope = _hessian.mv(W);
        using var product = W.dot(slope);
        var loss = product.Times(0.5 * factor);
        loss.backward();
        return loss;
    }
}
