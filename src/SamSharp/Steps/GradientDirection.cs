using SamSharp.Steps;

namespace SamSharp;

/// <summary>SAM's direction: the gradient of the ascent closure.</summary>
public sealed class GradientDirection : IDirection
{
    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        // Every list starts out with its gradients.
    }
}
