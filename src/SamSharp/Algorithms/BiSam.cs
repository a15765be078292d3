using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Objectives
{
    private static readonly double Shift = Math.Log(Math.E - 1); // makes phi(0) = 0

    /// <summary>
    /// BiSAM's ascent loss: a smooth lower bound of the number of misclassified examples, climbed instead of cross-entropy, an upper bound,
    /// which is still the loss to descend. With margins x_j = z_j - z_y of the logits, it is the mean over examples of (1/mu) log sum_j
    /// exp(mu phi(x_j)), here with phi(x) = 1 - log(1 + exp(c - x)), c = log(e - 1) (Xie, Latorre, Antonakopoulos, Pethick, Cevher,
    /// "Improving SAM Requires Rethinking its Optimization Formulation", 2024).
    /// </summary>
    /// <remarks>The authors' code (LIONS-EPFL/BiSAM) omits the factor 1/mu, which a normalized perturbation does not depend on.</remarks>
    /// <example><code>
    /// optimizer.Step(() => Backward(cross_entropy(model.call(x), y)), ascent: () => Backward(Objectives.MisclassificationLog(model.call(x), y)));
    /// </code></example>
    /// <param name="logits">[examples, classes].</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="mu">Sharpness of the maximum over classes; above 0. Default 1 (the authors' code).</param>
    /// <returns>The loss, a tensor without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">mu is not a finite number above 0.</exception>
    public static Tensor MisclassificationLog(Tensor logits, Tensor labels, double mu = 1) =>
        MisclassificationBound(logits, labels, mu, margins => nn.functional.logsigmoid(margins.Minus(Shift)).Plus(1));

    /// <summary>BiSAM's ascent loss, see <see cref="MisclassificationLog"/>, with phi(x) = tanh(alpha x).</summary>
    /// <param name="logits">[examples, classes].</param>
    /// <param name="labels">[examples], class indices.</param>
    /// <param name="mu">Sharpness of the maximum over classes; above 0. Default 10 (the paper; the authors' command line uses 1).</param>
    /// <param name="alpha">Steepness; above 0. Default 0.1 (the authors' code).</param>
    /// <returns>The loss, a tensor without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">mu or alpha is not a finite number above 0.</exception>
    public static Tensor MisclassificationTanh(Tensor logits, Tensor labels, double mu = 10, double alpha = 0.1)
    {
        Check.Positive(alpha);
        return MisclassificationBound(logits, labels, mu, margins => margins.Times(alpha).tanh());
    }

    private static Tensor MisclassificationBound([NotNull] Tensor? logits, [NotNull] Tensor? labels, double mu,
        [InDisposeScope] Func<Tensor, Tensor> phi)
    {
        ClassScores.RequireFit(logits, labels);
        Check.Positive(mu);
        using var scope = NewDisposeScope();
        var margins = logits - logits.gather(1, labels.unsqueeze(1));
        return phi(margins).Times(mu).logsumexp(1).mean().Over(mu).MoveToOuterDisposeScope();
    }
}
