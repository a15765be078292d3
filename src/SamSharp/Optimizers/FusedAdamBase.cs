using System.Numerics;
using SamSharp.Kernels;
using SamSharp.Kernels.Vectorized;
using SamSharp.Optimizers.FusedKernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>What <see cref="FusedAdam"/> and <see cref="FusedAdamW"/> share: all but how the weights decay.</summary>
public abstract partial class FusedAdamBase : FusedOptimizer<FusedAdamBase.Options, FusedAdamBase.State>, optim.IBetas
{
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

    private readonly bool _decoupled;

    private protected FusedAdamBase(bool decoupled, IEnumerable<ParamGroup> parameters, double lr, double beta1, double beta2, double epsilon,
        double weightDecay, bool amsgrad, bool maximize)
        : base(parameters, new Options
        {
            LearningRate = lr,
            Beta1 = beta1,
            Beta2 = beta2,
            Epsilon = epsilon,
            WeightDecay = weightDecay,
            AmsGrad = amsgrad,
            Maximize = maximize,
        }) => _decoupled = decoupled;

    /// <summary>The betas that groups added from now on take where they have none of their own.</summary>
    public (double, double) Betas
    {
        get => (Defaults.Beta1!.Value, Defaults.Beta2!.Value);
        set => (Defaults.Beta1, Defaults.Beta2) = value;
    }

    private protected override State CreateState(Parameter parameter, int index) => new(parameter, index);

    private protected override void Update(FusedBatch<Options, State> batch, TensorMemory memory)
    {
        if (memory.Dtype == ScalarType.Float32) Update(memory, new AdamRule<float>(batch.Options, batch.Stage, _decoupled), batch.Options.AmsGrad!.Value);
        else Update(memory, new AdamRule<double>(batch.Options, batch.Stage, _decoupled), batch.Options.AmsGrad!.Value);
    }

    private static unsafe void Update<T>(TensorMemory memory, AdamRule<T> rule, bool amsgrad) where T : unmanaged, IFloatingPointIeee754<T> => Work.ForEach(memory, piece =>
        rule.Update(memory.At<T>(0, piece), memory.At<T>(1, piece), memory.At<T>(2, piece), memory.At<T>(3, piece), amsgrad ? memory.At<T>(4, piece) : null, piece.Count));

    private protected override void UpdateByLibtorch(FusedBatch<Options, State> batch, Tensor? foundInf)
    {
        var options = batch.Options;
        Script.Run(_decoupled ? "adamw" : "adam",
        [
            batch.Weights, batch.Gradients, batch.Of(0), batch.Of(1), options.AmsGrad!.Value ? batch.Of(2) : [],
            (double)batch.Stage, batch.LeftOut?.Count!, foundInf!,
            options.LearningRate!.Value, options.Beta1!.Value, options.Beta2!.Value, options.WeightDecay!.Value,
            options.Epsilon!.Value, options.AmsGrad.Value, options.Maximize!.Value,
        ]);
    }
}
