namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>Types of PTX and of .NET.</summary>
internal static class PtxTypes
{
    /// <summary>The type that holds a value.</summary>
    public static Type Of(string name) => name switch
    {
        "pred" => typeof(bool),
        "b16" or "u16" or "s16" or "f16" => typeof(ushort),
        "b32" or "u32" or "s32" => typeof(uint),
        "b64" or "u64" or "s64" => typeof(ulong),
        "f32" => typeof(float),
        "f64" => typeof(double),
        _ => throw new PtxException($"Unknown type {name}."),
    };

    /// <summary>Bytes of a value in memory.</summary>
    public static int BytesOf(Type type) =>
        type == typeof(ushort) ? 2 : type == typeof(uint) || type == typeof(float) ? 4 : type == typeof(bool) ? 1 : 8;
}
