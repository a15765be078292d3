using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// The engine under every optimizer of this library: param groups that are checked when they are added, a <see cref="ParameterState"/> for
/// each parameter, checkpoints that load as a whole or not at all, and steps that update similar parameters together. Only this
/// library derives from it.
/// </summary>
public abstract class StatefulOptimizer : OptimizerHelper, IGuardedOptimizer, IKeepsMomentum
{
    private readonly StateTensor[] _layout;
    private readonly UpdateEngine? _engine;
    private readonly TurnGate _gate;
    private readonly JointLoad _loading;

    /// <summary>Creates an optimizer whose steps follow a rule.</summary>
    private protected StatefulOptimizer(IEnumerable<ParamGroup> groups, GroupOptions defaults, UpdateRule rule)
        : this(groups, defaults, rule.Tensors, rule.Twin, rule)
    {
    }

    /// <summary>Creates an optimizer that makes its own steps, and has to override <see cref="step"/>.</summary>
    private protected StatefulOptimizer(IEnumerable<ParamGroup> groups, GroupOptions defaults, StateTensor[] layout)
        : this(groups, defaults, layout, null, null)
    {
    }

    private StatefulOptimizer(IEnumerable<ParamGroup> groups, GroupOptions defaults, StateTensor[] layout, TorchTwin? twin, UpdateRule? rule)
    {
        ArgumentNullException.ThrowIfNull(groups);
        defaults.Validate();
        (_layout, _gate, _defaults, _loading) = (layout, new(GetType().Name), defaults, new(twin));
        _engine = rule is null ? null : new(rule, _gate);
        _parameter_groups = [];
        var added = new List<(ParamGroup Group, GroupOptions? Options, GroupOptions? Before)>();
        try
        {
            foreach (var group in groups)
            {
                if (group is null) throw new ArgumentException($"Param group {added.Count} is null.", nameof(groups));
                var options = group.Options as GroupOptions;
                var before = options?.Copy();
                add_param_group(group);
                added.Add((group, options, before));
            }
            if (_state.Count == 0)
                throw new ArgumentException($"{GetType().Name} was given no parameters; there is nothing to optimize.", nameof(groups));
        }
        catch
        {
            // The caller's groups are as they were, for another attempt.
            foreach (var (group, options, before) in added)
            {
                options?.Return(before!);
                group.Options = options!;
            }
            foreach (var (_, state) in _state) ((ParameterState)state).Dispose();
            throw;
        }
    }

    /// <summary>Which implementation makes the steps. For tests: all compute the same.</summary>
    internal UpdateKernels Kernel
    {
        get => _engine!.Kernel;
        set => _engine!.Kernel = value;
    }

    /// <summary>
    /// Whether bfloat16 and float16 parameters have masters: float32 weights that the optimizer keeps and updates, and that the parameters
    /// are rounded from. A <see cref="SharpnessAwareOptimizer"/> around it perturbs the masters too, and rounds once. A weight that
    /// something else changes, as when a model is loaded, becomes its own master again. They are saved in checkpoints. Default false.
    /// </summary>
    /// <exception cref="NotSupportedException">The optimizer makes its own steps, as bSAM and SASSHA do.</exception>
    public bool MasterWeights
    {
        get => _engine?.Rounding.Masters == true;
        set => RequireEngine().Rounding = RequireEngine().Rounding with { Masters = value };
    }

    /// <summary>
    /// Whether the steps of bfloat16 and float16 parameters without masters are rounded at random, up with the probability of the distance
    /// from below, so that updates smaller than the spacing of these types count on average instead of vanishing. Each draw is determined by
    /// <see cref="RoundingSeed"/>, the step and the parameter. Default false.
    /// </summary>
    /// <exception cref="NotSupportedException">The optimizer makes its own steps, as bSAM and SASSHA do.</exception>
    public bool StochasticRounding
    {
        get => _engine?.Rounding.AtRandom == true;
        set => RequireEngine().Rounding = RequireEngine().Rounding with { AtRandom = value };
    }

    /// <summary>Seed of <see cref="StochasticRounding"/>. Default 0.</summary>
    /// <exception cref="NotSupportedException">The optimizer makes its own steps, as bSAM and SASSHA do.</exception>
    public long RoundingSeed
    {
        get => _engine?.Rounding.Seed ?? 0;
        set => RequireEngine().Rounding = RequireEngine().Rounding with { Seed = value };
    }

    private UpdateEngine RequireEngine() => _engine ?? throw new NotSupportedException(
        $"{GetType().Name} makes its own steps in the type of its parameters. Keep its parameters in float32.");

    Tensor? IGuardedOptimizer.MasterOf(Parameter parameter) => MasterWeights ? StateOf(parameter).Master : null;

    bool IKeepsMomentum.HasMomentum => Array.Find(_layout, tensor => tensor.IsMomentum) is { } momentum
        && _parameter_groups.All(group => momentum.IsKept((GroupOptions)group.Options));

    Tensor? IKeepsMomentum.MomentumOf(Parameter parameter) => Array.FindIndex(_layout, tensor => tensor.IsMomentum) is >= 0 and var momentum
        ? StateOf(parameter).At(momentum)
        : null;

    LinearStep? IKeepsMomentum.NextStep(ParamGroup group) => ((GroupOptions)group.Options).NextStep;

    private protected ParameterState StateOf(Parameter parameter) => (ParameterState)_state[parameter.Handle];

    /// <summary>Adds a group; options that it omits come from the optimizer.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or the optimizer already holds a parameter.</exception>
    public override void add_param_group(ParamGroup param_group)
    {
        ArgumentNullException.ThrowIfNull(param_group);
        var own = (param_group.Options ?? ((GroupOptions)_defaults).Copy()) as GroupOptions;
        var options = own?.Copy();
        if (options?.GetType() != _defaults.GetType())
            throw new ArgumentException($"The group's options are {param_group.Options?.GetType()}; {GetType().Name} needs {_defaults.GetType()}.");
        var parameters = param_group.Parameters.ToList();
        options.FillFrom((GroupOptions)_defaults);
        options.Validate();

        var known = _state.Keys.ToHashSet();
        foreach (var parameter in parameters)
        {
            if (ParameterCheck.Objection(parameter) is { } objection) throw new ArgumentException($"Parameter {known.Count} {objection}");
            if (!known.Add(parameter.Handle))
                throw new ArgumentException(
                    $"A parameter of shape [{string.Join(", ", parameter.shape)}] was given twice; it would be updated twice a step.");
        }

        param_group.Parameters = parameters;
        Adopt(param_group);
        own!.Return(options); // nothing can fail any more
        options = own;
        options.Begin(1);
        options.InitialLearningRate = options.LearningRate!.Value;
        options.Loading = _loading;
        _loading.AddOptions(options);
        param_group.Options = options;
        _parameter_groups.Add(param_group);
        var slots = parameters.ConvertAll(parameter => (parameter, AddState(parameter, options))).ToArray();
        _engine?.Add(options, slots);
    }

    /// <summary>Adopts a group whose options and parameters have been checked, or throws. The base constructor calls it
    /// before a derived constructor has run.</summary>
    private protected virtual void Adopt(ParamGroup group)
    {
    }

    private static IEqualityComparer<long[]> SameShape { get; } =
        EqualityComparer<long[]>.Create((one, other) => one.AsSpan().SequenceEqual(other), shape => shape.Length);

    /// <summary>The largest step count of any parameter.</summary>
    private protected long StepsSoFar => _state.Values.Max(state => ((ParameterState)state).Attempts);

    /// <summary>Counts a step of a parameter, and creates what its state lacks.</summary>
    private protected ParameterState BeginStep(Parameter parameter, GroupOptions options)
    {
        var state = StateOf(parameter);
        state.Prepare(options);
        state.Attempts++;
        return state;
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="closure">Computes the loss and its gradients first; optional.</param>
    /// <returns>The closure's loss, or null.</returns>
    /// <exception cref="NotSupportedException">A gradient is sparse; nothing has moved.</exception>
    /// <exception cref="InvalidOperationException">A parameter has been disposed, or a gradient does not fit its parameter; nothing has
    /// moved.</exception>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using var withGradients = enable_grad();
            loss = closure();
        }
        Step([], null);
        return loss!;
    }

    void IGuardedOptimizer.Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf) => Step(slots, foundInf);

    bool IGuardedOptimizer.LeavesUnread(Tensor foundInf) => _engine?.LeavesUnread(foundInf) == true;

    private void Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf)
    {
        if (_engine is null)
            throw new InvalidOperationException(
                $"{GetType().Name} computes gradients at perturbed weights, so step() needs a closure: optimizer.Step(closure).");
        _engine.Step(slots, foundInf);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The optimizer has been disposed.</exception>
    /// <exception cref="InvalidOperationException">A parameter has been disposed.</exception>
    public override StateDictionary state_dict()
    {
        using var turn = _gate.Enter();
        foreach (var (i, parameter) in _parameter_groups.SelectMany(group => group.Parameters).Index())
        {
            if (parameter.IsInvalid) throw new InvalidOperationException($"Parameter {i} {ParameterCheck.Objection(parameter)}");
        }
        return base.state_dict();
    }

    /// <summary>Copies options and state to TorchSharp's optimizer of the same algorithm.</summary>
    private protected void CopyStateToTwin(OptimizerHelper twin)
    {
        ArgumentNullException.ThrowIfNull(twin);
        var (own, others) = (_parameter_groups.SelectMany(group => group.Parameters).ToArray(), twin.parameters().ToArray());
        if (_parameter_groups.Count != twin.ParamGroups.Count() || !own.Select(p => p.shape).SequenceEqual(others.Select(p => p.shape), SameShape))
            throw new ArgumentException($"The parameters of {twin.GetType().Name} are not those of {GetType().Name}: groups, order and shapes " +
                "must be equal.", nameof(twin));
        var (from, to) = (state_dict(), twin.state_dict());
        var copies = from.State.ConvertAll(state => ((ParameterState)state).CopiesForTwin());
        for (var i = 0; i < to.Options.Count; i++) to.Options[i].LoadStateDict(_loading.Twin!.Write((GroupOptions)from.Options[i]));
        for (var i = 0; i < to.State.Count; i++) _loading.Twin!.Write(to.State[i], ((ParameterState)from.State[i]).Step, copies[i]);
    }

    private ParameterState AddState(Parameter parameter, GroupOptions options)
    {
        var state = new ParameterState(parameter, _state.Count, _layout, _loading);
        state.Initialize(options);
        _state[parameter.Handle] = state;
        _loading.AddState(state);
        return state;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gate.Close();
            _loading.Cancel();
            foreach (var (_, state) in _state) ((ParameterState)state).Dispose();
        }
        base.Dispose(disposing);
    }
}
