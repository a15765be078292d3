using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// BiSAM's ascent losses: smooth lower bounds of the number of misclassified examples, climbed in place of cross-entropy, an upper bound, which is still what is descended. With margins x_j = z_j - z_y of
/// the logits: the mean over examples of (1/mu) log sum_j exp(mu phi(x_j)) (Xie, Latorre, Antonakopoulos, Pethick, Cevher, "Improving SAM Requires Rethinking its Optimization Formulation", 2024).
/// </summary>
/// <remarks>The authors' code (LIONS-EPFL/BiSAM) leaves out the factor 1/mu, which a normalised perturbation does not see.</remarks>
/// <example><code>
/// optimizer.Step(() => Backward(cross_entropy(model.call(x), y)), ascent: () => Backward(Losses.MisclassificationLog(model.call(x), y)));
/// </code></example>
public static partial class Losses
{
    private static readonly double Shift = Math.Log(Math.E - 1); // makes phi(0) = 0

    /// <summary>With phi(x) = 1 - log(1 + exp(c - x)), c = log(e - 1).</summary>
    /// <param name="logits">[examples, classes].</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="mu">Sharpness of the maximum over classes; above 0. Default 1 (the authors' code).</param>
    /// <returns>Without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">mu is not a finite number above 0.</exception>
    public static Tensor MisclassificationLog(Tensor logits, Tensor labels, double mu = 1) =>
        MisclassificationBound(logits, labels, mu, margins => nn.functional.logsigmoid(margins.Minus(Shift)).Plus(1));

    /// <summary>With phi(x) = tanh(alpha x).</summary>
    /// <param name="logits">[examples, classes].</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="mu">Sharpness of the maximum over classes; above 0. Default 10 (the paper; the authors' command line has 1).</param>
    /// <param name="alpha">Steepness; above 0. Default 0.1 (the authors' code).</param>
    /// <returns>Without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">mu or alpha is not a finite number above 0.</exception>
    public static Tensor MisclassificationTanh(Tensor logits, Tensor labels, double mu = 10, double alpha = 0.1)
    {
        Check.Positive(alpha);
        return MisclassificationBound(logits, labels, mu, margins => margins.Times(alpha).tanh());
    }

    private static Tensor MisclassificationBound(Tensor logits, Tensor labels, double mu, [InDisposeScope] Func<Tensor, Tensor> phi)
    {
        ClassScores.RequireFit(logits, labels);
        Check.Positive(mu);
        using var scope = NewDisposeScope();
        var margins = logits - logits.gather(1, labels.unsqueeze(1));
        return phi(margins).Times(mu).logsumexp(1).mean().Over(mu).MoveToOuterDisposeScope();
    }
}
