using SamSharp.Steps;

namespace SamSharp;

/// <summary>SAM's direction: the gradient of the ascent closure.</summary>
public sealed record GradientDirection : IDirection
{
    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        // Every bucket starts out with its gradients.
    }
}
