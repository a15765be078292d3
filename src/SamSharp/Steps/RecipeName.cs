namespace SamSharp.Steps;

/// <summary>What meters and traces call a recipe.</summary>
internal static class RecipeName
{
    private static readonly SharpnessAwareOptions Plain = new();

    /// <summary>The name that the options give; without one the types of the parts that differ from SAM's, or "SAM".</summary>
    public static string Of(SharpnessAwareOptions options)
    {
        if (options.Name is { } name) return name;
        (object Own, object Sams)[] parts =
        [
            (options.Direction, Plain.Direction), (options.Geometry, Plain.Geometry), (options.Schedule, Plain.Schedule),
            (options.Combiner, Plain.Combiner),
        ];
        var other = parts.Where(part => part.Own.GetType() != part.Sams.GetType()).Select(part => part.Own.GetType().Name).ToArray();
        return other.Length == 0 ? "SAM" : string.Join('+', other);
    }
}
