using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>What the kernels for 16-bit weights compute, written down from its definition: the two neighbors of a number, and a fraction that decides
/// between them.</summary>
internal static class RoundingReference
{
    /// <summary>What is rounded, computed in float32.</summary>
    public static float Step(Kernel kernel, float w, float v) =>
        (float)Reference.Result(kernel == Kernel.RoundedStep ? Kernel.Step : Kernel.AdaptiveStep, ElementType.Float32, w, v);

    /// <summary>The nearest number of a type, ties to even.</summary>
    public static float Nearest(float value, ElementType type)
    {
        var bytes = new byte[2];
        Elements.Write(bytes, 0, type, value);
        return (float)Elements.Read(bytes, 0, type);
    }

    /// <summary>The number below in size, or the one above where the distance from below, in spacings, and the element's fraction make 1.</summary>
    public static float AtRandom(float value, ElementType type, long index, ulong key)
    {
        if (value == 0 || !float.IsFinite(value)) return value;
        var (digits, least, most) = type == ElementType.BFloat16 ? (8, -133, Math.ScaleB(1, 128)) : (11, -24, 65536.0);
        var spacing = Math.ScaleB(1, Math.Max(Math.ILogB(value) - digits + 1, least));
        var size = Math.Floor((Math.Abs((double)value) / spacing) + (Bits(index, key) / 65536.0)) * spacing;
        return (float)Math.CopySign(size < most ? size : double.PositiveInfinity, value);
    }

    /// <summary>16 random bits: half of the hash that an element shares with the one 8 places from it.</summary>
    private static uint Bits(long index, ulong key)
    {
        var hash = unchecked((uint)((index / 16 * 8) + (index % 8))) ^ (uint)key;
        hash = unchecked((hash ^ (hash >> 16)) * 0x7FEB352Du);
        hash = unchecked((hash ^ (hash >> 15)) * 0x846CA68Bu);
        hash = unchecked(((hash ^ (hash >> 16)) + (uint)(key >> 32)) * 0x9E3779B1u);
        hash ^= hash >> 15;
        return index % 16 < 8 ? hash >> 16 : hash & 0xFFFF;
    }
}
