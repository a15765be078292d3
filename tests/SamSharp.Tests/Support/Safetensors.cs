using System.Buffers.Binary;
using System.Text.Json;

namespace SamSharp.Tests.Support;

/// <summary>Reads the recorded tensors: eight bytes with the length of a JSON header, the header, and the numbers, all little-endian.</summary>
internal static class Safetensors
{
    private const int LengthBytes = 8;

    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["F32"] = ScalarType.Float32,
        ["F64"] = ScalarType.Float64,
        ["I64"] = ScalarType.Int64,
    };

    /// <summary>All tensors of a file by name, on the CPU, in the types that they are stored in.</summary>
    public static Dictionary<string, Tensor> ReadAll(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        using var header = JsonDocument.Parse(bytes.AsMemory(LengthBytes, length));
        var data = bytes.AsMemory(LengthBytes + length);
        return header.RootElement.EnumerateObject().ToDictionary(entry => entry.Name, entry => Read(entry.Value, data));
    }

    private static Tensor Read(JsonElement entry, ReadOnlyMemory<byte> data)
    {
        var tensor = empty(Numbers(entry, "shape"), dtype: Types[entry.GetProperty("dtype").GetString()!]);
        var offsets = Numbers(entry, "data_offsets");
        // The span is of the tensor's own memory; CopyTo refuses where the numbers do not fit.
        var target = tensor.bytes;
        Assert.Equal(target.Length, offsets[1] - offsets[0]);
        data.Span[(int)offsets[0]..(int)offsets[1]].CopyTo(target);
        return tensor;
    }

    private static long[] Numbers(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(number => number.GetInt64())];
}
