using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>The element types of the safetensors format, with their names in the file and their sizes in bytes.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, ScalarType Type, int Bytes)[] All =
    [
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("F64", ScalarType.Float64, 8),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    public static string Known => string.Join(", ", All.Select(type => type.Name));

    public static (ScalarType Type, int Bytes)? Find(string name)
    {
        foreach (var type in All)
            if (type.Name == name)
                return (type.Type, type.Bytes);
        return null;
    }

    public static (string Name, int Bytes) Find(ScalarType scalarType, string tensor)
    {
        foreach (var type in All)
            if (type.Type == scalarType)
                return (type.Name, type.Bytes);
        throw new NotSupportedException($"Tensor '{tensor}' has type {scalarType}, which safetensors files do not support (supported: {Known}).");
    }
}
