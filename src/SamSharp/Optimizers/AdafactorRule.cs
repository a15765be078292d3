using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// Adafactor's update: by passes over memory, by one script for a list of tensors, or one tensor after the other, following the formula.
/// </summary>
internal sealed class AdafactorRule : UpdateRule
{
    public const int Row = 0, Column = 1, Square = 2, First = 3, Size = 4;

    private static readonly StateTensor[] Layout =
    [
        new("exp_avg_sq_row") { ShapeFor = shape => shape.Length < 2 ? null : shape[..^1] },
        new("exp_avg_sq_col") { ShapeFor = shape => shape.Length < 2 ? null : [.. shape[..^2], shape[^1]] },
        new("exp_avg_sq") { ShapeFor = shape => shape.Length < 2 ? shape : null },
        new("exp_avg") { IsMomentum = true, IsKept = options => ((Adafactor.Options)options).Beta1 > 0 },
        new("RMS") { ShapeFor = _ => [], IsKept = options => ((Adafactor.Options)options).ScaleParameter == true },
    ];

    public override StateTensor[] Tensors => Layout;

    /// <summary>No: the script computes with float32 copies, one tensor at a time.</summary>
    public override bool WantsPlain => false;

    /// <summary>No: the script computes t on the device.</summary>
    public override bool MustKnow(UpdateBatch batch) => false;

    public override bool UpdateMemory(UpdateBatch batch, TensorMemory memory)
    {
        var numbers = new AdafactorNumbers((Adafactor.Options)batch.Options, batch.Stage);
        switch (memory.Dtype)
        {
            case ScalarType.BFloat16: AdafactorPasses<float, BrainTensor>.Run(batch, memory, numbers); break;
            case ScalarType.Float32: AdafactorPasses<float, PlainTensor<float>>.Run(batch, memory, numbers); break;
            default: AdafactorPasses<double, PlainTensor<double>>.Run(batch, memory, numbers); break;
        }
        return true;
    }

    public override void UpdateByOperators(UpdateBatch batch, Tensor? foundInf) =>
        AdafactorScript.Run(batch, new((Adafactor.Options)batch.Options, batch.Stage), (Adafactor.Options)batch.Options, foundInf);

    protected override void Update(UpdateBatch batch, int place)
    {
        var numbers = new AdafactorNumbers((Adafactor.Options)batch.Options, batch.Stage);
        var w = batch.Weights[place].to(batch.Precision, copy: true);

        var rate = tensor(numbers.Rate, batch.Precision, batch.Device);
        if (numbers.ScalesParameters) rate = rate.mul(batch.Of(Size)[place].copy_(Rms(w)).Clamped(min: numbers.Epsilon2));

        var d = Normalize(batch.Gradients[place].to(batch.Precision), batch, place, numbers);
        d = d.div(Rms(d).Over(numbers.ClipThreshold).Clamped(min: 1)).mul(rate);
        if (numbers.Beta1 > 0) d = Average(batch.Of(First)[place], d, numbers.Beta1);

        var keep = rate.Times(-numbers.WeightDecay).Plus(1);
        batch.Weights[place].copy_(w.mul(keep).sub(d));
    }

    /// <summary>g / sqrt V. The roots of V's factors are applied one by one: their product can leave float32's range.</summary>
    [InDisposeScope]
    private static Tensor Normalize(Tensor g, UpdateBatch batch, int place, AdafactorNumbers numbers)
    {
        var u = g.mul(g).Plus(numbers.Epsilon1);
        if (batch.Of(Square) is { Length: > 0 } squares) return g.div(Average(squares[place], u, numbers.Decay).sqrt());
        var rows = Average(batch.Of(Row)[place], u.mean([-1]), numbers.Decay);
        var columns = Average(batch.Of(Column)[place], u.mean([-2]), numbers.Decay);
        return g.div(rows.div(rows.mean([-1], keepdim: true)).sqrt().unsqueeze(-1)).div(columns.sqrt().unsqueeze(-2));
    }

    private static Tensor Average(Tensor average, Tensor value, double decay) => average.MultiplyBy(decay).IncreaseBy(value, 1 - decay);

    [InDisposeScope]
    private static Tensor Rms(Tensor x) => x.mul(x).mean().sqrt();
}

/// <summary>The numbers of the update that parameters at the same step t share.</summary>
internal sealed class AdafactorNumbers(Adafactor.Options options, long t)
{
    /// <summary>Learning rate before parameter scaling.</summary>
    public double Rate { get; } = options.RateAt(t);

    /// <summary>Decay b of the second moment: 0 at the first step, so that the state starts without bias.</summary>
    public double Decay { get; } = 1 - Math.Pow(t, options.DecayRate!.Value);

    public double Epsilon1 { get; } = options.Epsilon1!.Value;

    public double Epsilon2 { get; } = options.Epsilon2!.Value;

    public double ClipThreshold { get; } = options.ClipThreshold!.Value;

    public double Beta1 { get; } = options.Beta1!.Value;

    public double WeightDecay { get; } = options.WeightDecay!.Value;

    public bool ScalesParameters { get; } = options.ScaleParameter!.Value;
}
