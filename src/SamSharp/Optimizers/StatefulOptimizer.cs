using TorchSharp.Modules;

namespace SamSharp.Optimizers;

/// <summary>What optimizers of this library share: param groups that are checked when they are added, and a state for each parameter that lives as long as the optimizer.</summary>
/// <typeparam name="TOptions">The hyper-parameters of a group.</typeparam>
/// <typeparam name="TState">What is remembered of a parameter.</typeparam>
public abstract class StatefulOptimizer<TOptions, TState> : OptimizerHelper
    where TOptions : GroupOptions, new()
    where TState : TensorState
{
    private protected StatefulOptimizer(IEnumerable<ParamGroup> groups, TOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(groups);
        defaults.Validate();
        _defaults = defaults;
        _parameter_groups = [];
        foreach (var group in groups) add_param_group(group);
    }

    private protected TOptions Defaults => (TOptions)_defaults;

    private protected abstract TState CreateState(Parameter parameter, int index);

    /// <summary>Takes up a group that has been checked. Called from the constructor too, before a derived one has run.</summary>
    private protected abstract void Adopt(ParamGroup group, TOptions options, (Parameter Parameter, TState State)[] slots);

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
        Adopt(param_group, options, [.. parameters.Select(parameter => (parameter, AddState(parameter, options)))]);
    }

    private TState AddState(Parameter parameter, TOptions options)
    {
        var state = CreateState(parameter, _state.Count);
        state.Initialize(options);
        _state[parameter.Handle] = state;
        return state;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var (_, state) in _state) ((TensorState)state).Dispose();
        }
        base.Dispose(disposing);
    }
}
