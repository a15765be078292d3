using System.Text.Json;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>The index of sharded weights: <c>{"weight_map": {"shared.weight": "model-00001-of-00002.safetensors", ...}}</c>.</summary>
internal static class SafetensorsIndex
{
    /// <summary>The shard of each tensor, a file next to the index.</summary>
    /// <exception cref="InvalidDataException">The index is malformed, or names a file in another folder.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        var map = ReadWeightMap(path);
        // Paths are refused: an index must not reach outside its folder.
        foreach (var shard in map.Values)
        {
            if (shard is null or "" or "." or ".." || shard.AsSpan().ContainsAny('/', '\\'))
                throw new InvalidDataException($"{path}: the shard '{shard}' is not a plain file name.");
        }
        return map;
    }

    private static Dictionary<string, string> ReadWeightMap(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.GetProperty("weight_map").Deserialize<Dictionary<string, string>>()!;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: 'weight_map' must map tensor names to file names: {error.Message}", error);
        }
    }
}
