using SamSharp.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>What <see cref="FusedAdam"/> and <see cref="FusedAdamW"/> share: all but how the weights decay.</summary>
public abstract partial class FusedAdamBase : FusedOptimizer<FusedAdamBase.Options, FusedAdamBase.State>, optim.IBetas
{
    // TorchScript has no names for dtypes: 6 is float32. One step count serves the whole list.
    private static readonly TorchScript Script = new("""
        def adam(w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], v_max: List[Tensor], step: float, lr: float,
                 beta1: float, beta2: float, weight_decay: float, eps: float, amsgrad: bool, maximize: bool):
            steps = [torch.full([], step, dtype=6, device=w[0].device)] * len(w)
            torch._fused_adam_(w, g, m, v, v_max, steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, eps=eps,
                               amsgrad=amsgrad, maximize=maximize, grad_scale=None, found_inf=None)

        def adamw(w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], v_max: List[Tensor], step: float, lr: float,
                  beta1: float, beta2: float, weight_decay: float, eps: float, amsgrad: bool, maximize: bool):
            steps = [torch.full([], step, dtype=6, device=w[0].device)] * len(w)
            torch._fused_adamw_(w, g, m, v, v_max, steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, eps=eps,
                                amsgrad=amsgrad, maximize=maximize, grad_scale=None, found_inf=None)
        """);

    private readonly string _function;

    private protected FusedAdamBase(string function, IEnumerable<ParamGroup> parameters, double lr, double beta1, double beta2, double epsilon,
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
        }) => _function = function;

    /// <summary>The betas that groups added from now on take where they have none of their own.</summary>
    public (double, double) Betas
    {
        get => (Defaults.Beta1!.Value, Defaults.Beta2!.Value);
        set => (Defaults.Beta1, Defaults.Beta2) = value;
    }

    private protected override State CreateState(Parameter parameter, int index) => new(parameter, index);

    private protected override void Update(FusedBatch<Options, State> batch)
    {
        var options = batch.Options;
        Script.Run(_function,
        [
            batch.Weights, batch.Gradients, batch.Of(state => state.ExpAvg), batch.Of(state => state.ExpAvgSq),
            options.AmsGrad!.Value ? batch.Of(state => state.MaxExpAvgSq!) : [],
            (double)batch.Stage, options.LearningRate!.Value, options.Beta1!.Value, options.Beta2!.Value, options.WeightDecay!.Value,
            options.Epsilon!.Value, options.AmsGrad.Value, options.Maximize!.Value,
        ]);
    }
}
