using static TorchSharp.torch;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>
/// The formula, one tensor and one operation at a time. Its numbers are tensors too: TorchSharp's implicit Scalar may be finalized while
/// the native call it was made for still reads it.
/// </summary>
internal sealed class ReferenceKernel : IAdafactorKernel
{
    public static ReferenceKernel Instance { get; } = new();

    public void Update(AdafactorBatch batch)
    {
        foreach (var slot in batch.Slots)
        {
            using var scope = NewDisposeScope();
            new Rule(slot, batch).Update();
        }
    }

    private sealed class Rule(AdafactorSlot slot, AdafactorBatch batch)
    {
        private readonly Adafactor.State _state = slot.State;
        private readonly Device _device = slot.Weight.device;
        private readonly ScalarType _precision = (slot.State.ExpAvgSq ?? slot.State.ExpAvgSqRow!).dtype;

        public void Update()
        {
            var w = slot.Weight.to(_precision, copy: true);
            var g = slot.Gradient.to(_precision);

            var rate = Number(batch.Rate);
            if (batch.ScalesParameters) rate *= maximum(_state.Rms!.copy_(Rms(w)), Number(batch.Epsilon2));

            var d = Normalize(g);
            d = d / maximum(Rms(d) / Number(batch.ClipThreshold), Number(1)) * rate;
            if (batch.Beta1 > 0) d = Average(_state.ExpAvg!, d, batch.Beta1);

            slot.Weight.copy_(w * (Number(1) - Number(batch.WeightDecay) * rate) - d);
        }

        /// <summary>g / sqrt V. The roots of V's factors are applied one by one: their product can leave float32's range.</summary>
        private Tensor Normalize(Tensor g)
        {
            var u = g * g + Number(batch.Epsilon1);
            if (_state.ExpAvgSq is { } v) return g / Average(v, u, batch.Decay).sqrt();
            var rows = Average(_state.ExpAvgSqRow!, u.mean([-1]), batch.Decay);
            var columns = Average(_state.ExpAvgSqCol!, u.mean([-2]), batch.Decay);
            return g / (rows / rows.mean([-1], keepdim: true)).sqrt().unsqueeze(-1) / columns.sqrt().unsqueeze(-2);
        }

        private Tensor Average(Tensor average, Tensor value, double decay) =>
            average.copy_(average * Number(decay) + value * Number(1 - decay));

        private static Tensor Rms(Tensor x) => (x * x).mean().sqrt();

        private Tensor Number(double value) => tensor(value, _precision, _device);
    }
}
