using static TorchSharp.torch;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>The formula, one tensor and one operation at a time.</summary>
internal sealed class ReferenceKernel : IAdafactorKernel
{
    public static ReferenceKernel Instance { get; } = new();

    public void Update(AdafactorBatch batch)
    {
        foreach (var slot in batch.Slots)
        {
            using var scope = NewDisposeScope();
            Update(slot, batch);
        }
    }

    private static void Update(AdafactorSlot slot, AdafactorBatch batch)
    {
        var state = slot.State;
        var precision = (state.ExpAvgSq ?? state.ExpAvgSqRow!).dtype;
        var w = slot.Weight.to(precision, copy: true);
        var g = slot.Gradient.to(precision);

        Tensor rate = full([], batch.Rate, precision, w.device);
        if (batch.ScalesParameters)
        {
            state.Rms!.copy_(Rms(w));
            rate = rate * state.Rms.clamp(min: batch.Epsilon2);
        }

        var d = Normalize(g, state, batch);
        d = d / (Rms(d) / batch.ClipThreshold).clamp(min: 1) * rate;
        if (batch.Beta1 > 0) d = state.ExpAvg!.copy_(state.ExpAvg * batch.Beta1 + d * (1 - batch.Beta1));

        slot.Weight.copy_(w * (1 - batch.WeightDecay * rate) - d);
    }

    /// <summary>g / sqrt V. The roots of V's factors are applied one by one: their product can leave float32's range.</summary>
    private static Tensor Normalize(Tensor g, Adafactor.State state, AdafactorBatch batch)
    {
        var u = g * g + batch.Epsilon1;
        if (state.ExpAvgSq is { } v) return g / Average(v, u, batch.Decay).sqrt();
        var rows = Average(state.ExpAvgSqRow!, u.mean([-1]), batch.Decay);
        var columns = Average(state.ExpAvgSqCol!, u.mean([-2]), batch.Decay);
        return g / (rows / rows.mean([-1], keepdim: true)).sqrt().unsqueeze(-1) / columns.sqrt().unsqueeze(-2);
    }

    private static Tensor Average(Tensor average, Tensor value, double decay) => average.copy_(average * decay + value * (1 - decay));

    private static Tensor Rms(Tensor x) => x.norm() / Math.Sqrt(x.NumberOfElements);
}
