using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The ascent climbs a weighted sum of the examples' losses, the descent the plain mean: delta-SAM, where the weights stand for 1/|g_i|, the inverse of each example's gradient norm
/// (Zhou, Liu, Zhang, Chen, "Sharpness-Aware Minimization with Dynamic Reweighting", 2022). The paper's own estimate of the weights is not implemented: you supply them.
/// </summary>
/// <param name="Weights">From the losses at w, shape [examples], to weights of the same shape.</param>
public sealed record WeightedAscent(Func<Tensor, Tensor> Weights) : IExampleRule
{
    /// <summary>From the losses at w, shape [examples], to weights of the same shape.</summary>
    public Func<Tensor, Tensor> Weights { get; init; } = Weights ?? throw new ArgumentNullException(nameof(Weights));

    /// <inheritdoc/>
    public bool LooksFirst => true;

    /// <inheritdoc/>
    public ExampleSubset ForAscent(Tensor? losses) => losses is null ? default : new ExampleSubset(Weights: Weights(losses));
}
