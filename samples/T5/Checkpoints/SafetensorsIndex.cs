using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>The index of sharded weights: <c>{"weight_map": {"shared.weight": "model-00001-of-00002.safetensors", ...}}</c>.</summary>
internal static class SafetensorsIndex
{
    /// <summary>The shard of each tensor, a file next to the index.</summary>
    /// <exception cref="InvalidDataException">The index is malformed, or names a file in another folder.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        var map = new Dictionary<string, string>();
        foreach (var (tensor, field) in JsonText.Read(path)["weight_map"].Members())
        {
            var shard = field.Text();
            // A name, not a path: an index must not reach outside its folder.
            if (shard is "" or "." or ".." || shard.AsSpan().ContainsAny('/', '\\') || shard.Any(char.IsControl))
                throw new InvalidDataException($"{path}: the shard '{FilePlace.Excerpt(shard)}' is not a plain file name.");
            if (!map.TryAdd(tensor, shard))
                throw field.Refused("comes twice.");
        }
        return map;
    }
}
