using System.Text.Json;

namespace SamSharp.Tests.Golden;

/// <summary>Where reference values lie: the folder named by SAMSHARP_GOLDEN, else the copy that travels with the tests.</summary>
internal static class GoldenFolder
{
    private const string Variable = "SAMSHARP_GOLDEN";

    /// <summary>Whether the values are those that travel with the tests. A set of others has other runs, and other numbers.</summary>
    public static bool IsBundled => Environment.GetEnvironmentVariable(Variable) is null or "";

    public static string Root { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder
        ? folder
        : Path.Combine(AppContext.BaseDirectory, "Golden");

    /// <summary>The path of a file or folder, for example <c>At("sam", "index.json")</c>.</summary>
    public static string At(params string[] parts)
    {
        var path = Path.Combine([Root, .. parts]);
        return Path.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing; {Variable} names the golden folder.");
    }

    /// <summary>The parsed JSON of a file; it lives until the process ends.</summary>
    public static JsonElement Json(params string[] parts) => JsonDocument.Parse(File.ReadAllBytes(At(parts))).RootElement;
}
