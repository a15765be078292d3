using System.Numerics;
using SamSharp.Kernels;
using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Adam and AdamW, which differ in how the weights decay.</summary>
/// <param name="decoupled">Whether weights decay separately from the gradient (AdamW) instead of as a part of it.</param>
internal sealed class AdamRule(bool decoupled) : UpdateRule
{
    private const int First = 0, Second = 1, Largest = 2;

    private static readonly StateTensor[] Layout =
    [
        new("exp_avg") { IsMomentum = true },
        new("exp_avg_sq"),
        new("max_exp_avg_sq") { IsKept = options => ((AdamOptions)options).AmsGrad == true },
    ];

    // TorchScript has no names for dtypes: 6 is float32. One step count serves the whole list.
    private static readonly TorchScript Script = new("""
        def steps_of(w: List[Tensor], step: float, left_out: Optional[Tensor]):
            count = torch.full([], step, dtype=6, device=w[0].device)
            if left_out is not None:
                count = count - left_out
            return [count] * len(w)

        def adam(w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], v_max: List[Tensor], step: float, left_out: Optional[Tensor],
                 found_inf: Optional[Tensor], lr: float, beta1: float, beta2: float, weight_decay: float, eps: float, amsgrad: bool, maximize: bool):
            torch._fused_adam_(w, g, m, v, v_max, steps_of(w, step, left_out), lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay,
                               eps=eps, amsgrad=amsgrad, maximize=maximize, grad_scale=None, found_inf=found_inf)

        def adamw(w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], v_max: List[Tensor], step: float, left_out: Optional[Tensor],
                 found_inf: Optional[Tensor], lr: float, beta1: float, beta2: float, weight_decay: float, eps: float, amsgrad: bool, maximize: bool):
            torch._fused_adamw_(w, g, m, v, v_max, steps_of(w, step, left_out), lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay,
                               eps=eps, amsgrad=amsgrad, maximize=maximize, grad_scale=None, found_inf=found_inf)
        """);

    public override StateTensor[] Tensors => Layout;

    public override TorchTwin Twin => decoupled ? AdamWTwin.Instance : AdamTwin.Instance;

    /// <summary>No: libtorch's operators take t as a tensor.</summary>
    public override bool MustKnow(UpdateBatch batch) => false;

    public override bool UpdateMemory(UpdateBatch batch, TensorMemory memory)
    {
        if (memory.Dtype == ScalarType.Float64) batch.Map<double, AdamStep<double>>(memory, StepOf<double>(batch));
        else batch.Map(memory, StepOf<float>(batch));
        return true;
    }

    private unsafe Func<Piece, AdamStep<T>> StepOf<T>(UpdateBatch batch) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var options = (AdamOptions)batch.Options;
        var numbers = new AdamNumbers<T>(options, batch.Stage, decoupled);
        var (first, second, largest) = (batch.MemoryOf(First)!, batch.MemoryOf(Second)!, options.AmsGrad!.Value ? batch.MemoryOf(Largest) : null);
        return piece => new(numbers, first.At<T>(0, piece), second.At<T>(0, piece), largest is null ? null : largest.At<T>(0, piece));
    }

    public override void UpdateByOperators(UpdateBatch batch, Tensor? foundInf)
    {
        var options = (AdamOptions)batch.Options;
        Script.Run(decoupled ? "adamw" : "adam",
        [
            batch.Weights, batch.Gradients, batch.Of(First), batch.Of(Second), options.AmsGrad!.Value ? batch.Of(Largest) : [],
            (double)batch.Stage, batch.LeftOut?.Count!, foundInf!,
            options.LearningRate!.Value, options.Beta1!.Value, options.Beta2!.Value, options.WeightDecay!.Value,
            options.Epsilon!.Value, options.AmsGrad.Value, options.Maximize!.Value,
        ]);
    }

    protected override void Update(UpdateBatch batch, int place)
    {
        var options = (AdamOptions)batch.Options;
        double rate = options.LearningRate!.Value, beta1 = options.Beta1!.Value, beta2 = options.Beta2!.Value, decay = options.WeightDecay!.Value;
        var (w, m, v) = (batch.Weights[place], batch.Of(First)[place], batch.Of(Second)[place]);
        var g = options.Maximize!.Value ? batch.Gradients[place].neg() : batch.Gradients[place];
        if (decoupled) w.MultiplyBy(1 - (rate * decay));
        else g = g.Plus(w, decay);
        m.MultiplyBy(beta1).IncreaseBy(g, 1 - beta1);
        v.MultiplyBy(beta2).IncreaseByProduct(g, g, 1 - beta2);
        if (options.AmsGrad!.Value) v = batch.Of(Largest)[place].copy_(maximum(batch.Of(Largest)[place], v));
        var root = v.sqrt().Over(Math.Sqrt(1 - Math.Pow(beta2, batch.Stage))).Plus(options.Epsilon!.Value);
        w.IncreaseByQuotient(m, root, -rate / (1 - Math.Pow(beta1, batch.Stage)));
    }
}
