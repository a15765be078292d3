using static TorchSharp.torch;

namespace SamSharp;

public static partial class Objectives
{
    /// <summary>
    /// The ascent loss of perturbed forgetting (OBF): the ascent pushes predictions toward uniform ones, so that what is forgotten most
    /// easily is learned again. It is the mean over examples of &lt;logits, direction&gt;, a number that has no meaning by itself but whose
    /// gradient is <see cref="ForgettingDirection"/>. Use it in the ascent closure (Vani et al., "Forget Sharpness: Perturbed Forgetting of
    /// Model Biases Within SAM Dynamics", 2024; BorealisAI/perturbed-forgetting).
    /// </summary>
    /// <param name="logits">[examples, classes], at least two classes.</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="gamma">In [0, 1]; 0 gives the direction u - y. Default 1 (the authors' code).</param>
    /// <param name="inverseShare">1 / lambda; see <see cref="ForgettingDirection"/>.</param>
    /// <param name="sigmoid">Whether p is the sigmoid of each logit rather than the softmax. Default false.</param>
    /// <returns>The loss, a tensor without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or there is one class only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1], or inverseShare in (0, 1].</exception>
    public static Tensor Forgetting(Tensor logits, Tensor labels, double gamma = 1, double? inverseShare = null, bool sigmoid = false)
    {
        ArgumentNullException.ThrowIfNull(logits);
        using var scope = NewDisposeScope();
        return (logits * ForgettingDirection(logits, labels, gamma, inverseShare, sigmoid)).sum().Over(logits.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The direction of each example's logits in perturbed forgetting, u - (a p + (1 - a) y), with p the softmax, u
    /// uniform, y the label's one-hot vector, a = gamma max(0, (1 - lambda / p_y) / (1 - lambda)), all held constant. With the
    /// softmax it sums to 0 over classes.
    /// </summary>
    /// <param name="logits">[examples, classes], at least two classes.</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="gamma">In [0, 1]. Default 1.</param>
    /// <param name="inverseShare">1 / lambda, called C in the authors' code: above 1, or at most 0 for lambda = 0, where a is gamma.
    /// Null (default): the number of classes.</param>
    /// <param name="sigmoid">Whether p is the sigmoid of each logit rather than the softmax. Default false.</param>
    /// <returns>The direction, [examples, classes], without history.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or there is one class only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1], or inverseShare in (0, 1].</exception>
    public static Tensor ForgettingDirection(Tensor logits, Tensor labels, double gamma = 1, double? inverseShare = null, bool sigmoid = false)
    {
        ClassScores.RequireFit(logits, labels);
        if (!(gamma >= 0 && gamma <= 1)) throw new ArgumentOutOfRangeException(nameof(gamma), gamma, "gamma must lie in [0, 1].");
        if (inverseShare is > 0 and <= 1 || inverseShare is { } given && !double.IsFinite(given))
            throw new ArgumentOutOfRangeException(nameof(inverseShare), inverseShare, "inverseShare must be above 1, or at most 0.");
        if (logits.shape[1] < 2) throw new ArgumentException("There is only one class, and nothing to forget.", nameof(logits));

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var uniform = 1.0 / logits.shape[1];
        var share = inverseShare is { } inverse ? (inverse > 0 ? 1 / inverse : 0) : uniform;
        var columns = labels.unsqueeze(1);
        var probabilities = sigmoid ? logits.sigmoid() : logits.softmax(1);
        var own = probabilities.gather(1, columns).reciprocal().Times(share).SubtractedFrom(1).Clamped(min: 0).Times(gamma / (1 - share));
        var labelled = zeros_like(probabilities).scatter(1, columns, own.SubtractedFrom(1));
        return ((own * probabilities).SubtractedFrom(uniform) - labelled).MoveToOuterDisposeScope();
    }
}
