using SamSharp.Steps;

namespace SamSharp;

/// <summary>SAM's choice: the gradient at w + e, as it is.</summary>
public sealed record PerturbedGradient : ICombiner
{
    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        // The second pass left it in place.
    }
}
