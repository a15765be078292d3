using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Loss and gradients at a further point. Frees them when disposed.</summary>
public sealed class FurtherPass : IDisposable
{
    private readonly IReadOnlyDictionary<ParameterSlot, Tensor> _gradients;

    internal FurtherPass(Tensor loss, IReadOnlyDictionary<ParameterSlot, Tensor> gradients)
    {
        Loss = loss;
        _gradients = gradients;
    }

    /// <summary>The loss there, without history.</summary>
    public Tensor Loss { get; }

    /// <summary>The gradient of a parameter, or null when the pass did not reach it.</summary>
    public Tensor? Find(ParameterSlot slot) => _gradients.GetValueOrDefault(slot);

    /// <summary>The gradients of some parameters, in order; zeros where the pass did not reach one.</summary>
    public Tensor[] Of(IReadOnlyList<ParameterSlot> slots)
    {
        ArgumentNullException.ThrowIfNull(slots);
        return slots.Select(slot => Find(slot) ?? zeros_like(slot.Parameter, requires_grad: false)).ToArray();
    }

    /// <summary>Frees loss and gradients.</summary>
    public void Dispose()
    {
        Loss.Dispose();
        foreach (var gradient in _gradients.Values) gradient.Dispose();
    }
}
