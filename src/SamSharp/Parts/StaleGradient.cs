using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// The gradient of the previous step, so that a step has a single pass: e = rho h / |h|, where h is the gradient that the last pass left on the
/// parameters; e is 0 while there is none ("A Single-Step Sharpness-Aware Minimization is all you need", 2024; AsyncSAM, 2025; and DP-SAT, Park, Kim,
/// Choi, Lee, "Differentially Private Sharpness-Aware Training", 2023).
/// </summary>
/// <remarks>
/// h is the gradient at w + e, the only one that a step with one pass has, as in jjsrf/SSAM-NEURIPS2024. h is taken as the closure
/// leaves it: with a closure that clips and adds noise (DP-SAT), the ascent follows the privatized gradient, at no cost in privacy. A
/// parameter without a gradient in a step keeps its older h. Checkpoints include h; steps whose radius is 0 do not change it.
/// </remarks>
public sealed record StaleGradient : IDirection
{
    private const string Last = "last";

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var memory = ascent.MemoryOf(this);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = memory.Of(Last, bucket.Parameters);
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var bucket in descent.Buckets) descent.Copy(descent.MemoryOf(this).Change(Last, bucket.Parameters), bucket.AtPerturbed);
    }
}
