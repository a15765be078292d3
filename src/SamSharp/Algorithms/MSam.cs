using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one whole step of m-SAM: computes the gradient at w + e(part) for each part, always starting from the same w, then
    /// makes one base optimizer step with their weighted mean (Foret et al. 2021, m-sharpness; Behdin et al., "mSAM:
    /// Micro-Batch-Averaged Sharpness-Aware Minimization", 2023).
    /// </summary>
    /// <param name="optimizer">The optimizer; its recipe must neither remember anything nor act after the step.</param>
    /// <param name="parts">At least one part. A single part makes this SAM.</param>
    /// <returns>The weighted mean of the parts' losses at w (at w + e if the recipe needs no pass at w), without history. The losses
    /// that the closures return are freed.</returns>
    /// <exception cref="ArgumentException">The list is empty, or a weight is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">A closure left no gradient; an ascent is under way; or a part of the recipe remembers
    /// something or acts after the step, and so needs one gradient of the whole batch.</exception>
    public static Tensor Step(this SharpnessAwareOptimizer optimizer, IReadOnlyList<BatchPart> parts)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var whole = BatchPart.TotalWeight(parts);
        Composition.RequireNoHistory(optimizer.Options, optimizer.Memory, "A step over the parts of a batch");
        return optimizer.InNewStep(step =>
        {
            using var mean = new GradientMean(optimizer.Services);
            for (var draw = 0; draw < parts.Count; draw++)
            {
                using var loss = step.Run(parts[draw].Closure, optimizer.StagesOf(parts[draw].Closure), draw);
                mean.Add(parts[draw].Weight / whole);
            }
            mean.Put();
            step.StepBase();
            return mean.TakeLoss();
        });
    }
}

/// <summary>One part of a batch for m-SAM, where each part has its own perturbation.</summary>
/// <param name="Closure">Computes the mean loss of the part, calls <c>backward()</c> and returns the loss.</param>
/// <param name="Weight">The part's weight in the final gradient relative to the other parts, such as its
/// number of rows if parts differ. Default 1.</param>
public readonly record struct BatchPart(Func<Tensor> Closure, double Weight = 1)
{
    /// <summary>Checks the weights of the parts and sums them.</summary>
    /// <exception cref="ArgumentException">The list is empty, a closure is null, or a weight is not a positive number.</exception>
    internal static double TotalWeight(IReadOnlyList<BatchPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0) throw new ArgumentException("There is no part to compute a gradient from.", nameof(parts));
        if (parts.Any(part => part.Closure is null)) throw new ArgumentException("A part has no closure.", nameof(parts));
        if (parts.Any(part => !(part.Weight > 0 && double.IsFinite(part.Weight))))
        {
            throw new ArgumentException($"The weights of the parts are [{string.Join(", ", parts.Select(part => part.Weight))}]; " +
                "each must be a positive number.", nameof(parts));
        }
        return parts.Sum(part => part.Weight);
    }
}
