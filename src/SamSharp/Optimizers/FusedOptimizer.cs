using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// What <see cref="FusedAdam"/>, <see cref="FusedAdamW"/> and <see cref="FusedSGD"/> share: libtorch's fused operator, which reads and writes every
/// number of the update once, is called once for all the parameters of a group that are alike.
/// </summary>
/// <remarks>float16 and bfloat16 parameters, which keep their state and arithmetic in float32, and parameters that are not contiguous are
/// updated on a copy that lives as long as the step. A parameter without gradient is skipped: neither its state nor its step
/// counter moves. A step reads nothing back from the device.</remarks>
/// <typeparam name="TOptions">The hyper-parameters of a group.</typeparam>
/// <typeparam name="TState">What is remembered of a parameter.</typeparam>
public abstract class FusedOptimizer<TOptions, TState> : OptimizerHelper
    where TOptions : FusedOptions, new()
    where TState : FusedState
{
    /// <summary>The parameters of each group with their states, so that a step looks nothing up.</summary>
    private readonly List<(TOptions Options, (Parameter Parameter, TState State)[] Slots)> _groups = [];

    private protected FusedOptimizer(IEnumerable<ParamGroup> groups, TOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(groups);
        defaults.Validate();
        _defaults = defaults;
        _parameter_groups = [];
        foreach (var group in groups) add_param_group(group);
    }

    private protected TOptions Defaults => (TOptions)_defaults;

    private protected abstract TState CreateState(Parameter parameter, int index);

    /// <summary>Calls the operator.</summary>
    private protected abstract void Update(FusedBatch<TOptions, TState> batch);

    /// <summary>Adds a group; options it leaves out are the optimizer's.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or a parameter is in the optimizer already.</exception>
    public override void add_param_group(ParamGroup param_group)
    {
        ArgumentNullException.ThrowIfNull(param_group);
        var options = param_group.Options as TOptions ?? (param_group.Options is null ? new TOptions()
            : throw new ArgumentException($"The group's options are {param_group.Options.GetType()}; {GetType().Name} needs {typeof(TOptions)}."));
        var parameters = param_group.Parameters.ToList();
        options.FillFrom(Defaults);
        options.Validate();

        var known = _state.Keys.ToHashSet();
        foreach (var parameter in parameters)
        {
            if (!parameter.is_floating_point())
                throw new ArgumentException($"A parameter is of type {parameter.dtype}; {GetType().Name} needs floating-point parameters.");
            if (!known.Add(parameter.Handle))
                throw new ArgumentException($"A parameter of shape [{string.Join(", ", parameter.shape)}] was given twice; it would be updated twice a step.");
        }

        options.InitialLearningRate = options.LearningRate!.Value;
        param_group.Options = options;
        param_group.Parameters = parameters;
        _parameter_groups.Add(param_group);
        _groups.Add((options, [.. parameters.Select(parameter => (parameter, AddState(parameter, options)))]));
    }

    private TState AddState(Parameter parameter, TOptions options)
    {
        var state = CreateState(parameter, _state.Count);
        state.Initialize(options);
        _state[parameter.Handle] = state;
        return state;
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="closure">Computes the loss and its gradients first; optional.</param>
    /// <returns>The closure's loss, or null.</returns>
    /// <exception cref="NotSupportedException">A gradient is sparse; nothing has moved.</exception>
    /// <exception cref="InvalidOperationException">A parameter has been disposed; nothing has moved.</exception>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using var withGradients = enable_grad();
            loss = closure();
        }

        using var withoutGradients = no_grad();
        var batches = new List<FusedBatch<TOptions, TState>>();
        try
        {
            foreach (var (options, slots) in _groups) Gather(options, slots, batches);
            foreach (var batch in batches)
            {
                batch.Begin();
                Update(batch);
                batch.End();
            }
        }
        finally
        {
            foreach (var batch in batches) batch.Dispose();
        }
        return loss!;
    }

    /// <summary>Adds the batches of a group: as a rule one, more where some parameters have missed steps or lie elsewhere.</summary>
    private void Gather(TOptions options, (Parameter Parameter, TState State)[] slots, List<FusedBatch<TOptions, TState>> batches)
    {
        var own = new Dictionary<(long, ScalarType, DeviceType, int), FusedBatch<TOptions, TState>>();
        foreach (var (parameter, state) in slots)
        {
            if (parameter.IsInvalid)
                throw new InvalidOperationException("A parameter of this optimizer has been disposed; model.to(...) replaces parameters: make the optimizer after it.");
            if (parameter.grad is not { } gradient) continue;
            if (gradient.is_sparse)
            {
                gradient.Dispose();
                throw new NotSupportedException($"A parameter of shape [{string.Join(", ", parameter.shape)}] has a sparse gradient; {GetType().Name} needs dense ones.");
            }

            var key = (state.Stage, state.Precision, state.Place.Type, state.Place.Index);
            if (!own.TryGetValue(key, out var batch)) batches.Add(own[key] = batch = new(options));
            batch.Add(parameter, gradient, state);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var (_, state) in _state) ((FusedState)state).Dispose();
        }
        base.Dispose(disposing);
    }
}
