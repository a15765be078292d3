using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Losses that algorithms add to the training loss or climb instead of it, and divergences between current and target predictions, which TRAM uses
/// for its radius (Sherborne, Saphra, Dasigi, Peng, "TRAM: Bridging Trust Regions and Sharpness Aware Minimization", 2024). Each divergence is a mean
/// over examples: all dimensions except the last, which holds the classes. To average over some positions of sequences, select them first.
/// </summary>
public static partial class Objectives
{
    /// <summary>KL(target || current).</summary>
    /// <param name="current">Logits [..., classes] under the present weights.</param>
    /// <param name="target">Logits of the same shape under earlier, averaged or pre-trained weights, or with noise in the embeddings.</param>
    /// <exception cref="ArgumentException">The shapes differ, or are empty, or these are not dense real numbers.</exception>
    public static Tensor ForwardKl(Tensor current, Tensor target) => Mean(current, target, (c, t) => Kl(t, c));

    /// <summary>KL(current || target).</summary>
    /// <param name="current">As for <see cref="ForwardKl"/>.</param>
    /// <param name="target">As for <see cref="ForwardKl"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="ForwardKl"/>.</exception>
    public static Tensor ReverseKl(Tensor current, Tensor target) => Mean(current, target, Kl);

    /// <summary>KL(target || current) + KL(current || target).</summary>
    /// <param name="current">As for <see cref="ForwardKl"/>.</param>
    /// <param name="target">As for <see cref="ForwardKl"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="ForwardKl"/>.</exception>
    public static Tensor SymmetricKl(Tensor current, Tensor target) => Mean(current, target, (c, t) => Kl(t, c).Plus(Kl(c, t)));

    /// <summary>The squared Euclidean distance of the logits themselves.</summary>
    /// <param name="current">As for <see cref="ForwardKl"/>.</param>
    /// <param name="target">As for <see cref="ForwardKl"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="ForwardKl"/>.</exception>
    public static Tensor SquaredDistance(Tensor current, Tensor target) => Mean(current, target, (c, t) => (c - t).Squared().sum(-1));

    /// <summary>The maximum mean discrepancy of two batches of predictions: the mean over all pairs of examples of k(x_i, x_j) + k(y_i, y_j) -
    /// 2 k(x_i, y_j), where k sums a kernel over bandwidths (TRAM's second divergence; tomsherborne/tram_optimizer, which divides by the batch size
    /// once more).</summary>
    /// <param name="current">Logits [examples, classes] under the present weights.</param>
    /// <param name="target">Logits of the same shape.</param>
    /// <param name="kernel">A kernel of the squared distance, a tensor, and a bandwidth b. Null (default): (b^2 + distance^2)^(-1/2), the authors'
    /// choice.</param>
    /// <param name="bandwidths">The bandwidths. Null (default): 0.1, 0.2, 0.5, 1, 2, 5 and 10 (the same).</param>
    /// <exception cref="ArgumentException">The shapes differ, or are not [examples, classes].</exception>
    public static Tensor MaximumMeanDiscrepancy(Tensor current, Tensor target, Func<Tensor, double, Tensor>? kernel = null,
        IReadOnlyList<double>? bandwidths = null)
    {
        TensorCheck.RequireReal(current);
        TensorCheck.RequireReal(target);
        if (current.dim() != 2 || !current.shape.SequenceEqual(target.shape))
            throw new ArgumentException($"Predictions have shape [{string.Join(", ", current.shape)}] and their target has shape " +
                $"[{string.Join(", ", target.shape)}]; both must be [examples, classes].");
        kernel ??= InverseMultiquadric;
        bandwidths ??= [0.1, 0.2, 0.5, 1, 2, 5, 10];
        if (bandwidths.Count == 0) throw new ArgumentException("There is no bandwidth.", nameof(bandwidths));
        using var scope = NewDisposeScope();
        Tensor own = SquaredDistances(current, current), others = SquaredDistances(target, target), across = SquaredDistances(current, target);
        var similarities = bandwidths.Select(b => Kernel(own, b).Plus(Kernel(others, b)).Plus(Kernel(across, b), -2)).ToArray();
        return stack(similarities).sum(dim: 0).mean().MoveToOuterDisposeScope();

        Tensor Kernel(Tensor squaredDistances, double bandwidth) =>
            ClosureResult.RequireLike(kernel(squaredDistances, bandwidth), squaredDistances, "the kernel of each squared distance");
    }

    [InDisposeScope]
    private static Tensor InverseMultiquadric(Tensor squaredDistance, double bandwidth) => squaredDistance.Plus(bandwidth * bandwidth).rsqrt();

    [InDisposeScope]
    private static Tensor SquaredDistances(Tensor x, Tensor y) => (x.unsqueeze(1) - y.unsqueeze(0)).Squared().sum(-1);

    [InDisposeScope]
    private static Tensor Kl(Tensor left, Tensor right)
    {
        var (l, r) = (left.log_softmax(-1), right.log_softmax(-1));
        return (l.exp() * (l - r)).sum(-1);
    }

    private static Tensor Mean(Tensor current, Tensor target, [InDisposeScope] Func<Tensor, Tensor, Tensor> divergence)
    {
        TensorCheck.RequireReal(current);
        TensorCheck.RequireReal(target);
        if (current.dim() == 0 || !current.shape.SequenceEqual(target.shape))
            throw new ArgumentException($"Predictions have shape [{string.Join(", ", current.shape)}] and their target has shape " +
                $"[{string.Join(", ", target.shape)}]; both must be [..., classes].");
        using var scope = NewDisposeScope();
        return divergence(current, target).mean().MoveToOuterDisposeScope();
    }
}
