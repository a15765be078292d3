using SamSharp.Steps;

namespace SamSharp;

/// <summary>What combiners over several random points share.</summary>
internal static class RandomPoints
{
    /// <summary>A direction that follows the gradient gives the same point again.</summary>
    public static string? Objection(ICombiner combiner, SharpnessAwareOptions options) => !options.Direction.NeedsGradients(1) ? null
        : $"{combiner.GetType().Name} compares several random points, but {options.Direction.GetType().Name} gives the same one each time. Use a RandomDirection.";
}
