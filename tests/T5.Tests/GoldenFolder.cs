using SamSharp.Samples.T5.Checkpoints;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests;

/// <summary>The reference values: the folder SAMSHARP_GOLDEN names, else the copy beside the tests.</summary>
internal static class GoldenFolder
{
    private const string InputsSuffix = "_inputs.safetensors";

    public static string Root { get; } = Environment.GetEnvironmentVariable("SAMSHARP_GOLDEN") is { Length: > 0 } named
        ? named
        : Path.Combine(AppContext.BaseDirectory, "Golden");

    public static IEnumerable<string> Models => Directory.GetDirectories(Root, "t5_*").Select(folder => Path.GetFileName(folder)!).Order();

    public static IEnumerable<(string Model, string Case)> Cases =>
        from model in Models
        from file in Directory.GetFiles(Path.Combine(Root, model), "*" + InputsSuffix).Order()
        select (model, Path.GetFileName(file)[..^InputsSuffix.Length]);

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static Dictionary<string, Tensor> Read(params string[] parts) => SafetensorsFile.ReadAll(PathOf(parts));
}
