using SamSharp.Steps;

namespace SamSharp;

/// <summary>What combiners over several random points share.</summary>
internal static class RandomPoints
{
    /// <summary>Objects to a direction that follows the gradient, since it gives the same point each time.</summary>
    public static string? Objection(ICombiner combiner, SharpnessAwareOptions options) => !options.Direction.NeedsGradients(1) ? null
        : $"{combiner.GetType().Name} compares several random points, but {options.Direction.GetType().Name} gives the same one each time. " +
            "Use a RandomDirection.";
}
