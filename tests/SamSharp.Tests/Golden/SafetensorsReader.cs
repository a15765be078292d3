using System.Text.Json;

namespace SamSharp.Tests.Golden;

/// <summary>Reads the golden files: header length, JSON header, then the tensors' little-endian bytes.</summary>
internal static class SafetensorsReader
{
    public static Dictionary<string, Tensor> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = 8 + (int)BitConverter.ToInt64(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, data - 8));
        var tensors = new Dictionary<string, Tensor>();
        foreach (var entry in header.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__"))
        {
            var dtype = entry.Value.GetProperty("dtype").GetString() switch
            {
                "F32" => float32,
                "F64" => float64,
                "I64" => int64,
                var other => throw new NotSupportedException($"{path}: {entry.Name} is of type {other}."),
            };
            var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
            var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt32()).ToArray();
            var tensor = empty(shape, dtype);
            tensor.bytes = bytes.AsSpan(data + offsets[0], offsets[1] - offsets[0]);
            tensors.Add(entry.Name, tensor);
        }
        return tensors;
    }
}
