using SamSharp.Steps;

namespace SamSharp;

/// <summary>What directions with a history share.</summary>
internal static class History
{
    /// <summary>Objects to several ascents, since a history takes up one gradient per step.</summary>
    public static string? Objection(IDirection direction, SharpnessAwareOptions options) => options.AscentSteps == 1 ? null
        : $"{direction.GetType().Name} takes one gradient at w into its history in each step, " +
            $"but there are {options.AscentSteps} ascents. Set AscentSteps to 1.";
}
