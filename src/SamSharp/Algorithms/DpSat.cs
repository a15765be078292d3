using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>DP-SAT (Park et al., 2023; JinseongP/DPSAT): stale-gradient SAM whose closure leaves the privatized gradient (per-example gradients
    /// clipped, noise added) for both the base optimizer and the next ascent. The closure does the clipping and adds the noise.</summary>
    /// <param name="rho">The radius. Default 0.03 (the example of the official repository).</param>
    [Published("DP-SAT", "Park et al. 2023", "0", "2")]
    public static SharpnessAwareOptions DpSat(double rho = 0.03) => new() { Rho = rho, Direction = new StaleGradient() };

    /// <summary>The momentum form of DP-SAT (the class DPSATMomentum of the authors' code): climbs toward the weights of the step before, which
    /// undoes the last update and so contains the base optimizer's momentum.</summary>
    /// <param name="rho">The radius. Default 0.03, as for <see cref="DpSat"/>.</param>
    [Published("DP-SAT, momentum form", "the code of Park et al. 2023", "0", "3")]
    public static SharpnessAwareOptions DpSatMomentum(double rho = 0.03) =>
        new() { Rho = rho, Direction = new LastUpdate(), Geometry = new EuclideanGeometry(1e-16) };
}

/// <summary>The weights of the step before minus the present ones; 0 in the first step. It needs no gradient, and remembers one copy of the
/// weights. Steps whose radius is 0 do not change it.</summary>
internal sealed record LastUpdate : IDirection
{
    private const string Before = "before";

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        foreach (var bucket in ascent.Buckets)
        {
            var before = ascent.MemoryOf(this).Change(Before, bucket.Parameters, slot => slot.Parameter.detach().clone());
            bucket.Direction = before.Zip(bucket.Weights, (earlier, weight) => earlier.sub(weight)).ToArray();
            ascent.Copy(before, bucket.Weights);
        }
    }
}
