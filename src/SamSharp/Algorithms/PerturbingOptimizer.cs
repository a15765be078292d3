using SamSharp.Kernels;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>What <see cref="BSam"/> and <see cref="Sassha"/> share: gradients at perturbed weights, which are back bit for bit before anything is updated, also when a closure throws.</summary>
/// <remarks>Running statistics of normalisation layers see every pass. A step whose gradients are not all finite is left out, which reads one value from the device.</remarks>
/// <typeparam name="TOptions">The hyper-parameters of a group.</typeparam>
/// <typeparam name="TState">What is remembered of a parameter.</typeparam>
public abstract class PerturbingOptimizer<TOptions, TState> : StatefulOptimizer<TOptions, TState>
    where TOptions : GroupOptions, new()
    where TState : TensorState
{
    private readonly List<TState> _states = [];

    private protected PerturbingOptimizer(IEnumerable<ParamGroup> groups, TOptions defaults) : base(groups, defaults)
    {
    }

    /// <summary>Whether the last step was left out, since a gradient was not finite. Weights and state are as before it.</summary>
    public bool SkippedLastStep { get; private protected set; }

    private protected ParameterTable Table { get; } = new(null, _ => 0, _ => true);

    private protected WeightScope Weights { get; } = new(KernelSets.Default);

    /// <summary>The number of the step under way, from 1.</summary>
    private protected long Number => _states.Max(state => state.Attempts) + 1;

    private protected IReadOnlyList<ParameterBucket> Lists => [.. Table.Filled];

    private protected TState StateOf(ParameterSlot slot) => _states[slot.Index];

    private protected TOptions OptionsOf(ParameterBucket list) => (TOptions)_parameter_groups[list.Group].Options;

    private protected override void Adopt(ParamGroup group, TOptions options, (Parameter Parameter, TState State)[] slots)
    {
        Table.Add(group, group.Parameters, new SharpnessGroup());
        _states.AddRange(slots.Select(slot => slot.State));
    }

    /// <summary>One step, as <c>Step</c>.</summary>
    /// <exception cref="InvalidOperationException">There is no closure, which is needed at several points.</exception>
    public override Tensor step(Func<Tensor>? closure = null) => closure is not null
        ? Take(closure)
        : throw new InvalidOperationException($"{GetType().Name} computes gradients at perturbed weights, so step() needs a closure: optimizer.Step(closure).");

    private protected abstract Tensor Take(Func<Tensor> closure);

    /// <summary>Makes the weights of all lists what <paramref name="weight"/> gives, from the list, the place in it and the weight as it is.</summary>
    private protected void MoveTo(Func<ParameterBucket, int, Tensor, Tensor> weight)
    {
        using var noGradient = no_grad();
        var lists = Lists;
        Weights.Move(lists, () =>
        {
            foreach (var list in lists)
            {
                for (var i = 0; i < list.Parameters.Count; i++)
                {
                    using var scope = NewDisposeScope();
                    list.Results[i].copy_(weight(list, i, list.Weights[i]));
                }
            }
        });
    }

    /// <summary>Updates a parameter; the state's counter has moved on before.</summary>
    private protected void Update(ParameterSlot slot, Action<TOptions, TState, Tensor> update)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (state, options) = (_states[slot.Index], (TOptions)_parameter_groups[slot.Group].Options);
        state.Prepare(options);
        state.Attempts++;
        update(options, state, slot.Parameter);
    }

    private protected static bool AreFinite(IEnumerable<Tensor[]> lists)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return lists.All(list => double.IsFinite(KernelSets.Default.Norm(list).Value()));
    }

    private protected void PutBack()
    {
        Weights.Restore();
        Table.ReleaseGradients();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) Weights.Dispose();
        base.Dispose(disposing);
    }
}
