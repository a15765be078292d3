using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>The momentum that a base optimizer keeps, wherever it keeps it: SGD's buffer, Adam's first moment.</summary>
internal sealed class BaseMomentum
{
    private readonly List<OptimizerState> _states;

    private BaseMomentum(optim.Optimizer optimizer) => _states = [.. ((OptimizerHelper)optimizer).state_dict().State];

    /// <summary>The momentum as it is now; the optimizer's next step may replace tensors.</summary>
    public static BaseMomentum Of(optim.Optimizer optimizer) => new(optimizer);

    /// <summary>Whether every param group of the optimizer keeps a momentum of a kind known here.</summary>
    public static bool IsKept(optim.Optimizer optimizer) => optimizer is OptimizerHelper && optimizer.ParamGroups.OfType<ParamGroup>().All(group => group.Options switch
    {
        SGD.Options options => options.momentum > 0,
        FusedSGD.Options options => options.Momentum > 0,
        RMSProp.Options options => options.momentum > 0,
        Adafactor.Options options => options.Beta1 > 0,
        Adam.Options or AdamW.Options or NAdam.Options or RAdam.Options or Adamax.Options or FusedAdamBase.Options => true,
        _ => false,
    });

    /// <summary>The parameter's momentum; null before the first step that reached it.</summary>
    public Tensor? Find(ParameterSlot slot) => _states[slot.Index] switch
    {
        SGD.State state => state.momentum_buffer,
        FusedSGD.State state => state.MomentumBuffer,
        RMSProp.State state => state.momentum_buffer,
        Adafactor.State state => state.ExpAvg,
        Adam.State state => state.exp_avg,
        AdamW.State state => state.exp_avg,
        NAdam.State state => state.exp_avg,
        RAdam.State state => state.exp_avg,
        Adamax.State state => state.exp_avg,
        FusedAdamBase.State state => state.ExpAvg,
        _ => null,
    };
}
