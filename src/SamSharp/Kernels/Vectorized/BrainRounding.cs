using System.Runtime.Intrinsics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Rounds float32 to bfloat16, one number or sixteen adjacent ones.</summary>
internal interface IBrainRounding
{
    /// <summary>Whether sixteen numbers must begin at an index that sixteen divides.</summary>
    static abstract bool NeedsGroups { get; }

    ushort One(float value, long index);

    Vector256<ushort> Many(Vector256<float> lower, Vector256<float> upper, long index);
}

/// <summary>To the nearest, ties to even.</summary>
internal readonly struct ToNearest : IBrainRounding
{
    public static bool NeedsGroups => false;

    public ushort One(float value, long index)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)(float.IsNaN(value) ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    public Vector256<ushort> Many(Vector256<float> lower, Vector256<float> upper, long index) => Vector256.Narrow(Round(lower), Round(upper));

    private static Vector256<uint> Round(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256<uint>.One)) >>> 16;
        // Rounding could carry a NaN over to infinity or to a number.
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, (bits >>> 16) | Vector256.Create(0x40u));
    }
}

/// <summary>At random: up with the probability of the distance from below. A key and the element's index determine the random bits.</summary>
/// <param name="key">The tensor's key.</param>
internal readonly struct AtRandom(ulong key) : IBrainRounding
{
    public static bool NeedsGroups => true;

    public ushort One(float value, long index)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        var hash = RandomBits(Vector256.Create((uint)((index / 16 * 8) + (index % 8))))[0];
        return (ushort)((bits + (index % 16 < 8 ? hash >> 16 : hash & 0xFFFF)) >> 16);
    }

    public Vector256<ushort> Many(Vector256<float> lower, Vector256<float> upper, long index)
    {
        // One hash has the bits of two elements, which are half a register apart.
        var bits = RandomBits(Vector256.Create((uint)(index / 2)) + Vector256<uint>.Indices);
        return Vector256.Narrow(RoundUp(lower, bits >>> 16), RoundUp(upper, bits & Vector256.Create(0xFFFFu)));
    }

    private static Vector256<uint> RoundUp(Vector256<float> value, Vector256<uint> random)
    {
        var bits = value.AsUInt32();
        return Vector256.ConditionalSelect(
            Vector256.Equals(value, value).AsUInt32(), (bits + random) >>> 16, (bits >>> 16) | Vector256.Create(0x40u));
    }

    /// <summary>A hash of a group of elements: the 32-bit finalizer "lowbias32" (Wellons, "Prospecting for Hash Functions", 2018) with the
    /// halves of the key before and after it.</summary>
    private Vector256<uint> RandomBits(Vector256<uint> group)
    {
        var hash = group ^ Vector256.Create((uint)key);
        hash = (hash ^ (hash >>> 16)) * Vector256.Create(0x7FEB352Du);
        hash = (hash ^ (hash >>> 15)) * Vector256.Create(0x846CA68Bu);
        hash = ((hash ^ (hash >>> 16)) + Vector256.Create((uint)(key >> 32))) * Vector256.Create(0x9E3779B1u);
        return hash ^ (hash >>> 15);
    }
}
