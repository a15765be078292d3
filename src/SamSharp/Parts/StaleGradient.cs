using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// The gradient of the step before, so that a step has a single pass: e = rho h / |h|, where h is what the last pass left in the parameters' gradients. Where there
/// is none yet, e is 0 ("A Single-Step Sharpness-Aware Minimization is all you need", 2024; AsyncSAM, 2025; and DP-SAT, Park, Kim, Choi, Lee, "Differentially Private
/// Sharpness-Aware Training", 2023).
/// </summary>
/// <remarks>
/// h is the gradient at w + e, the only one that a step with one pass has; which one S2-SAM means could not be verified. h is taken as the closure leaves it: a closure that
/// clips and adds noise (DP-SAT) makes the ascent follow the privatized gradient, at no cost in privacy. A parameter without gradient in a step keeps its older h. h is kept in
/// checkpoints; steps whose radius is 0 do not change it.
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
        var memory = ascent.MemoryOf(this);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = memory.Of(Last, bucket.Parameters);
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        foreach (var bucket in descent.Buckets) descent.Copy(descent.MemoryOf(this).Change(Last, bucket.Parameters), bucket.AtPerturbed);
    }
}
