using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// delta-SAM: the ascent climbs a weighted sum of the examples' losses, and the descent minimizes the plain mean. The weights stand for 1/|g_i|, the
/// inverse of each example's gradient norm (Zhou, Liu, Zhang, Chen, "Sharpness-Aware Minimization with Dynamic Reweighting", 2022). The
/// paper's estimate of the weights is not implemented; you supply them.
/// </summary>
/// <param name="Weights">Maps the losses at w, shape [examples], to weights of the same shape.</param>
public sealed record WeightedAscent(Func<Tensor, Tensor> Weights) : IExampleRule
{
    /// <summary>Maps the losses at w, shape [examples], to weights of the same shape.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Func<Tensor, Tensor> Weights { get; init => field = Check.Given(value, nameof(Weights)); } = Check.Given(Weights);

    /// <inheritdoc/>
    public bool LooksFirst => true;

    /// <inheritdoc/>
    public ExampleSubset ForAscent(Tensor? losses) => losses is null ? default
        : new ExampleSubset(Weights: ClosureResult.RequireLike(Weights(TensorCheck.RequireVector(losses)), losses, "the weights of the examples"));
}
