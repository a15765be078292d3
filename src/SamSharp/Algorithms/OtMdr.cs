using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of OT-MDR: an ascent on one half of the batch, from there another on the other half, then the descent on the whole batch
    /// (Nguyen et al., "Optimal Transport Model Distributional Robustness", 2023; anh-ntv/OT_MDR, without its
    /// optional merging of the directions and its noise).
    /// </summary>
    /// <param name="optimizer">The optimizer; its rho is the first radius. The authors' code uses 0.05
    /// for both radii, its README 0.1 and 0.2.</param>
    /// <param name="closure">The loss of the whole batch.</param>
    /// <param name="firstHalf">The loss of the first half.</param>
    /// <param name="secondHalf">The loss of the second half.</param>
    /// <param name="ratio">The second radius as a multiple of the first; at least 0, and 0 skips the second ascent. Default 1.</param>
    /// <returns>The loss of the first half at w, as its closure returned it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The ratio is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public static Tensor ChainedStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> closure, Func<Tensor> firstHalf, Func<Tensor> secondHalf,
        double ratio = 1)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        Check.NonNegative(ratio);
        return ratio == 0 ? optimizer.Step(closure, firstHalf) : optimizer.Step(closure, [new(firstHalf), new(secondHalf, ratio)]);
    }
}
