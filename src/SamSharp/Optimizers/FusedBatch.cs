using SamSharp.Kernels.Vectorized;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Parameters that one pass of a fused optimizer takes together: of one group, device and precision, at the same stage.</summary>
internal sealed class FusedBatch<TOptions, TState>(TOptions options, TState first, int capacity) : IDisposable where TOptions : GroupOptions where TState : FusedState
{
    private readonly (long, ScalarType, (DeviceType, int)) _kind = (first.Stage, first.Precision, first.Place);
    private readonly List<TState> _states = new(capacity);
    private readonly List<Tensor> _weights = new(capacity), _gradients = new(capacity), _owned = [];
    private readonly List<(Tensor Weight, Tensor Copy)> _copies = [];
    private StateTensors? _tensors;

    public TOptions Options => options;

    public long Stage { get; } = first.Stage;

    /// <summary>The steps that all the parameters here were left out of.</summary>
    public LeftOutSteps? LeftOut { get; } = first.LeftOut;

    /// <summary>Where the parameters lie.</summary>
    public Device Device => _weights[0].device;

    public Tensor[] Weights { get; private set; } = [];

    public Tensor[] Gradients { get; private set; } = [];

    /// <summary>The states' tensors of a number; none where a state has none.</summary>
    public Tensor[] Of(int tensor) => _tensors!.Lists[tensor];

    /// <summary>Whether a parameter with this state belongs here.</summary>
    public bool Takes(TState state) => (state.Stage, state.Precision, state.Place) == _kind && ReferenceEquals(state.LeftOut, LeftOut);

    /// <summary>Adds a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="state">Its state.</param>
    /// <param name="owned">Whether the gradient's handle is taken over.</param>
    public void Add(Parameter parameter, Tensor gradient, TState state, bool owned)
    {
        if (owned) Own(gradient);
        _states.Add(state);
        _gradients.Add(gradient);
        _weights.Add(parameter);
    }

    /// <summary>Moves the counters on, and makes the lists of tensors.</summary>
    /// <param name="before">A batch of the step before, which has the same states as a rule: what is known of their tensors is then taken over.</param>
    public void Begin(FusedBatch<TOptions, TState>? before)
    {
        foreach (var state in _states)
        {
            state.Prepare(options);
            state.Attempts++;
        }
        (Weights, Gradients) = ([.. _weights], [.. _gradients]);
        _tensors = before?._tensors is { } known && known.AreOf(_states) ? known : new StateTensors(_states);
    }

    /// <summary>Where weights, gradients and state lie, in this order, or null where passes over raw memory do not apply.</summary>
    public TensorMemory? FindMemory() => Weights[0].dtype != first.Precision ? null : TensorMemory.Of(_tensors!.Memory, Weights, Gradients);

    /// <summary>libtorch's operators walk raw memory: every tensor must be contiguous and of the states' dtype. Others take part as copies.</summary>
    public void MakePlain()
    {
        for (var i = 0; i < _states.Count; i++)
        {
            Gradients[i] = Plain(Gradients[i]);
            var weight = Plain(Weights[i]);
            if (!ReferenceEquals(weight, Weights[i])) _copies.Add((Weights[i], weight));
            Weights[i] = weight;
        }
    }

    /// <summary>Writes back the weights that were computed on a copy.</summary>
    public void End()
    {
        foreach (var (weight, copy) in _copies) weight.copy_(copy);
    }

    /// <summary>Counts the step as left out where the device says so.</summary>
    public void LeaveOut(Tensor foundInf)
    {
        if (LeftOut is not null && LeftOut.IsSharedBy(_states.Count))
        {
            LeftOut.Count.add_(foundInf);
            return;
        }
        var count = new LeftOutSteps(LeftOut is null ? foundInf.clone() : LeftOut.Count.add(foundInf), _states.Count);
        foreach (var state in _states) state.LeftOut = count;
    }

    /// <summary>Frees the handles and the copies.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned) tensor.Dispose();
        _owned.Clear();
        _copies.Clear();
        _gradients.Clear();
        (Weights, Gradients) = ([], []);
    }

    private Tensor Plain(Tensor tensor)
    {
        if (tensor.dtype == first.Precision && tensor.is_contiguous()) return tensor;
        using var scope = NewDisposeScope();
        var copy = tensor.to(first.Precision).contiguous().DetachFromDisposeScope();
        Own(copy);
        return copy;
    }

    private void Own(Tensor tensor)
    {
        _owned.EnsureCapacity(_states.Capacity);
        _owned.Add(tensor);
    }
}
