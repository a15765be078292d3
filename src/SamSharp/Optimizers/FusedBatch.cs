using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Parameters that one call of a fused operator takes together: of one group, device and precision, and at the same stage.</summary>
/// <remarks>The operators walk raw memory: every tensor of a call must be contiguous and of one dtype.</remarks>
internal sealed class FusedBatch<TOptions, TState>(TOptions options) : IDisposable where TOptions : FusedOptions where TState : FusedState
{
    private readonly List<Tensor> _weights = [], _gradients = [];
    private readonly List<TState> _states = [];
    private readonly List<(Tensor Weight, Tensor Copy)> _copies = [];

    public TOptions Options => options;

    public long Stage { get; private set; }

    public Tensor[] Weights => [.. _weights];

    public Tensor[] Gradients => [.. _gradients];

    public Tensor[] Of(Func<TState, Tensor> tensor)
    {
        var tensors = new Tensor[_states.Count];
        for (var i = 0; i < tensors.Length; i++) tensors[i] = tensor(_states[i]);
        return tensors;
    }

    /// <summary>Adds a parameter, and takes over the handle of its gradient.</summary>
    public void Add(Parameter parameter, Tensor gradient, TState state)
    {
        _states.Add(state);
        if (IsPlain(gradient, state))
        {
            _gradients.Add(gradient);
        }
        else
        {
            _gradients.Add(PlainCopy(gradient, state));
            gradient.Dispose();
        }

        if (IsPlain(parameter, state))
        {
            _weights.Add(parameter);
        }
        else
        {
            var copy = PlainCopy(parameter, state);
            _copies.Add((parameter, copy));
            _weights.Add(copy);
        }
    }

    /// <summary>Moves the counters on.</summary>
    public void Begin()
    {
        Stage = _states[0].Stage;
        foreach (var state in _states)
        {
            state.Prepare(options);
            state.Step++;
        }
    }

    /// <summary>Writes back the weights that were computed on a copy.</summary>
    public void End()
    {
        foreach (var (weight, copy) in _copies) weight.copy_(copy);
    }

    /// <summary>Frees the gradients' handles and the copies.</summary>
    public void Dispose()
    {
        foreach (var gradient in _gradients) gradient.Dispose();
        foreach (var (_, copy) in _copies) copy.Dispose();
    }

    private static bool IsPlain(Tensor tensor, TState state) => tensor.dtype == state.Precision && tensor.is_contiguous();

    private static Tensor PlainCopy(Tensor tensor, TState state)
    {
        using var scope = NewDisposeScope();
        return tensor.to(state.Precision).contiguous().DetachFromDisposeScope();
    }
}
