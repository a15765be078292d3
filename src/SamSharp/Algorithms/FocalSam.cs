using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Objectives
{
    /// <summary>Focal-SAM's weights of classes, c = sharpness (1 - n / N)^gamma, larger for rarer classes (Li et al., "Focal-SAM: Focal
    /// Sharpness-Aware Minimization for Long-Tailed Classification", 2025; scongl/Focal-SAM).</summary>
    /// <param name="counts">The number of training examples of each class.</param>
    /// <param name="sharpness">The largest weight, at least 0. Default 0.5 (the official code; its scripts use 0.5 to 1.1).</param>
    /// <param name="gamma">How fast weights fall with the share of a class, at least 0. Default 1 (the official code; its scripts use 0.2 to
    /// 5.5).</param>
    /// <exception cref="ArgumentException">There is no class, or no example, or a count is negative.</exception>
    public static double[] FocalWeights(IReadOnlyList<long> counts, double sharpness = 0.5, double gamma = 1)
    {
        ArgumentNullException.ThrowIfNull(counts);
        Check.NonNegative(sharpness);
        Check.NonNegative(gamma);
        var whole = (double)counts.Sum();
        if (whole <= 0 || counts.Any(count => count < 0))
            throw new ArgumentException($"The counts of the classes are [{string.Join(", ", counts)}]; none may be negative, nor all 0.",
                nameof(counts));
        return [.. counts.Select(count => sharpness * Math.Pow(1 - (count / whole), gamma))];
    }
}

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of Focal-SAM: e follows the losses weighted by c, and the base optimizer gets the gradient at w of the losses weighted by 1 - c
    /// plus the gradient at w + e of those weighted by c. A step of <see cref="ImbalancedStep"/> with these two losses.
    /// </summary>
    /// <param name="optimizer">The optimizer; its combiner must not act after the step. The authors' rho is 0.2.</param>
    /// <param name="losses">Computes the loss of each example of the batch, [batch], without calling <c>backward()</c>; called three times.</param>
    /// <param name="weights">The weight c of each example of the batch, [batch]: the <see cref="Objectives.FocalWeights"/> of its class.</param>
    /// <returns>The mean loss at w, without history.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the weights are not dense real numbers.</exception>
    public static Tensor FocalStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> losses, Tensor weights)
    {
        ArgumentNullException.ThrowIfNull(losses);
        TensorCheck.RequireReal(weights);
        using var rest = weights.SubtractedFrom(1);
        return optimizer.ImbalancedStep(() => Weighted(losses, rest), () => Weighted(losses, weights));
    }

    private static Tensor Weighted(Func<Tensor> losses, Tensor weights)
    {
        using var scope = NewDisposeScope();
        var each = ClosureResult.Require(losses(), "the losses of the examples");
        if (!each.shape.SequenceEqual(weights.shape))
            throw new ArgumentException($"The losses have shape [{string.Join(", ", each.shape)}] and their weights " +
                $"[{string.Join(", ", weights.shape)}]; both must be [batch].", nameof(weights));
        var mean = (TensorCheck.RequireReal(each, "the losses") * weights.to(each.dtype, each.device)).mean();
        ScalarLoss.RequireGraph(mean).backward();
        return mean.MoveToOuterDisposeScope();
    }
}
