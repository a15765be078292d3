using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>The momentum of TorchSharp's own optimizers.</summary>
internal sealed class TorchMomentum(OptimizerHelper optimizer) : IKeepsMomentum
{
    /// <summary>For each type of options: whether they ask for a momentum, where it is, and what the step does with it.</summary>
    private static readonly Dictionary<Type, Kept> Table = new()
    {
        [typeof(SGD.Options)] = Row<SGD.Options, SGD.State>(state => state.momentum_buffer, options => options.momentum > 0, StepOf),
        [typeof(RMSProp.Options)] = Row<RMSProp.Options, RMSProp.State>(state => state.momentum_buffer, options => options.momentum > 0),
        [typeof(Adam.Options)] = Row<Adam.Options, Adam.State>(state => state.exp_avg),
        [typeof(AdamW.Options)] = Row<AdamW.Options, AdamW.State>(state => state.exp_avg),
        [typeof(NAdam.Options)] = Row<NAdam.Options, NAdam.State>(state => state.exp_avg),
        [typeof(RAdam.Options)] = Row<RAdam.Options, RAdam.State>(state => state.exp_avg),
        [typeof(Adamax.Options)] = Row<Adamax.Options, Adamax.State>(state => state.exp_avg),
    };

    private Dictionary<IntPtr, OptimizerState>? _states;

    public static TorchMomentum? Of(optim.Optimizer optimizer) =>
        optimizer is OptimizerHelper helper && helper.ParamGroups.All(IsKnown) ? new(helper) : null;

    public bool HasMomentum => optimizer.ParamGroups.Cast<ParamGroup>().All(group => Table[group.Options.GetType()].IsKept(group.Options));

    public Tensor? MomentumOf(Parameter parameter)
    {
        _states ??= optimizer.parameters().Zip(optimizer.state_dict().State).ToDictionary(pair => pair.First.Handle, pair => pair.Second);
        return Table[optimizer.ParamGroups.Cast<ParamGroup>().First().Options.GetType()].Find(_states[parameter.Handle]);
    }

    public LinearStep? NextStep(ParamGroup group) => Table[group.Options.GetType()].NextStep(group.Options);

    private static bool IsKnown(optim.ILearningRateController group) =>
        group is ParamGroup { Options: { } options } && Table.ContainsKey(options.GetType());

    private static LinearStep? StepOf(SGD.Options options) => options is { nesterov: not true, maximize: not true, dampening: null or 0 }
        ? new(options.momentum ?? 0, options.weight_decay ?? 0)
        : null;

    private static Kept Row<TOptions, TState>(
        Func<TState, Tensor?> find, Func<TOptions, bool>? isKept = null, Func<TOptions, LinearStep?>? nextStep = null)
        where TOptions : OptimizerOptions where TState : OptimizerState =>
        new(state => find((TState)state), options => isKept?.Invoke((TOptions)options) ?? true, options => nextStep?.Invoke((TOptions)options));

    private readonly record struct Kept(
        Func<OptimizerState, Tensor?> Find, Func<OptimizerOptions, bool> IsKept, Func<OptimizerOptions, LinearStep?> NextStep);
}
