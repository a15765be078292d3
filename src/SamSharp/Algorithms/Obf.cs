using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Perturbed forgetting (OBF): the ascent pushes predictions towards uniform ones, so that what is forgotten most easily is learned anew. The logits' direction is u - (a p + (1 - a) y) with
/// p the softmax, u uniform, y the label's one-hot vector, a = gamma max(0, (1 - lambda / p_y) / (1 - lambda)), lambda = 1 / classes, all held constant
/// (Vani et al., "Forget Sharpness: Perturbed Forgetting of Model Biases Within SAM Dynamics", 2024; BorealisAI/perturbed-forgetting).
/// </summary>
public static partial class Losses
{
    /// <summary>The mean over examples of &lt;logits, direction&gt;: a number without meaning of its own, whose gradient is the direction. For the ascent closure.</summary>
    /// <param name="logits">[examples, classes], two classes at least.</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="gamma">In [0, 1]: 0 has the direction u - y. Default 1 (the authors' code).</param>
    /// <returns>Without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or there is one class only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1].</exception>
    public static Tensor Forgetting(Tensor logits, Tensor labels, double gamma = 1)
    {
        using var scope = NewDisposeScope();
        return (logits * ForgettingDirection(logits, labels, gamma)).sum().Over(logits.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>The direction of each example's logits; it sums to 0 over classes.</summary>
    /// <param name="logits">[examples, classes], two classes at least.</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="gamma">In [0, 1]. Default 1.</param>
    /// <returns>[examples, classes], without history.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or there is one class only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1].</exception>
    public static Tensor ForgettingDirection(Tensor logits, Tensor labels, double gamma = 1)
    {
        ClassScores.RequireFit(logits, labels);
        if (!(gamma >= 0 && gamma <= 1)) throw new ArgumentOutOfRangeException(nameof(gamma), gamma, "gamma must lie in [0, 1].");
        if (logits.shape[1] < 2) throw new ArgumentException("There is one class only, and nothing to forget.", nameof(logits));

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var uniform = 1.0 / logits.shape[1];
        var columns = labels.unsqueeze(1);
        var probabilities = logits.softmax(1);
        var own = probabilities.gather(1, columns).reciprocal().Times(uniform).SubtractedFrom(1).Clamped(min: 0).Times(gamma / (1 - uniform));
        var labelled = zeros_like(probabilities).scatter(1, columns, own.SubtractedFrom(1));
        return ((own * probabilities).SubtractedFrom(uniform) - labelled).MoveToOuterDisposeScope();
    }
}
