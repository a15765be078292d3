using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// Parameters that one pass of a fused optimizer takes together: of one group, device and precision, at the same stage.
/// </summary>
/// <remarks>The passes walk raw memory: every tensor of a list must be contiguous and of one dtype.</remarks>
internal sealed class FusedBatch<TOptions, TState>(TOptions options, TState first) : IDisposable where TOptions : FusedOptions where TState : FusedState
{
    private readonly (long, ScalarType, (DeviceType, int)) _kind = (first.Stage, first.Precision, first.Place);
    private readonly List<TState> _states = [];
    private readonly List<Tensor> _weights = [], _gradients = [], _owned = [];
    private readonly List<(Tensor Weight, Tensor Copy)> _copies = [];

    public TOptions Options => options;

    public long Stage { get; } = first.Stage;

    /// <summary>The steps that all the parameters here were left out of.</summary>
    public LeftOutSteps? LeftOut { get; } = first.LeftOut;

    /// <summary>Where the parameters lie.</summary>
    public Device Device => _weights[0].device;

    public Tensor[] Weights { get; private set; } = [];

    public Tensor[] Gradients { get; private set; } = [];

    public Tensor[] Of(Func<TState, Tensor> tensor)
    {
        var tensors = new Tensor[_states.Count];
        for (var i = 0; i < tensors.Length; i++) tensors[i] = tensor(_states[i]);
        return tensors;
    }

    /// <summary>Whether a parameter with this state belongs here.</summary>
    public bool Takes(TState state) => (state.Stage, state.Precision, state.Place) == _kind && ReferenceEquals(state.LeftOut, LeftOut);

    /// <summary>Adds a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="state">Its state.</param>
    /// <param name="owned">Whether the gradient's handle is taken over.</param>
    public void Add(Parameter parameter, Tensor gradient, TState state, bool owned)
    {
        if (owned) _owned.Add(gradient);
        _states.Add(state);
        _gradients.Add(Plain(gradient, state, out _));
        var weight = Plain(parameter, state, out var copied);
        if (copied) _copies.Add((parameter, weight));
        _weights.Add(weight);
    }

    /// <summary>Moves the counters on.</summary>
    public void Begin()
    {
        foreach (var state in _states)
        {
            state.Prepare(options);
            state.Attempts++;
        }
        Weights = [.. _weights];
        Gradients = [.. _gradients];
    }

    /// <summary>Counts the step as left out where the device says so.</summary>
    public void LeaveOut(Tensor foundInf)
    {
        var before = LeftOut;
        if (before is not null && before.IsSharedBy(_states.Count))
        {
            before.Count.add_(foundInf);
            return;
        }
        var after = new LeftOutSteps(before is null ? foundInf.clone() : before.Count.add(foundInf), _states.Count);
        foreach (var state in _states) state.LeftOut = after;
    }

    /// <summary>Writes back the weights that were computed on a copy.</summary>
    public void End()
    {
        foreach (var (weight, copy) in _copies) weight.copy_(copy);
    }

    /// <summary>Frees the handles and the copies.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned) tensor.Dispose();
    }

    private Tensor Plain(Tensor tensor, TState state, out bool copied)
    {
        copied = tensor.dtype != state.Precision || !tensor.is_contiguous();
        if (!copied) return tensor;
        using var scope = NewDisposeScope();
        var copy = tensor.to(state.Precision).contiguous().DetachFromDisposeScope();
        _owned.Add(copy);
        return copy;
    }
}
