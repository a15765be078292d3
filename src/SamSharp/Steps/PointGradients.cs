using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Loss and gradients at a further point, freed by <see cref="Dispose"/>.</summary>
public sealed class PointGradients : IDisposable
{
    private readonly IReadOnlyDictionary<ParameterSlot, Tensor> _gradients;

    internal PointGradients(Tensor loss, IReadOnlyDictionary<ParameterSlot, Tensor> gradients)
    {
        Loss = loss;
        _gradients = gradients;
    }

    /// <summary>The loss at the point, without history.</summary>
    public Tensor Loss { get; }

    /// <summary>The gradient of a parameter, or null if the pass did not reach it.</summary>
    public Tensor? Find(ParameterSlot parameter) => _gradients.GetValueOrDefault(parameter);

    /// <summary>The gradients of a bucket's parameters, in order, with zeros for a parameter that the pass did not reach.</summary>
    public Tensor[] Of(ParameterBucket bucket)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        return bucket.Parameters.Select(parameter => Find(parameter) ?? zeros_like(parameter.Parameter, requires_grad: false)).ToArray();
    }

    /// <summary>Frees loss and gradients.</summary>
    public void Dispose()
    {
        Loss.Dispose();
        foreach (var gradient in _gradients.Values) gradient.Dispose();
    }
}
