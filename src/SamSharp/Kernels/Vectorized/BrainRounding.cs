using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Rounds float32 to bfloat16, one number, or sixteen or thirty-two adjacent ones.</summary>
internal interface IBrainRounding
{
    /// <summary>Whether several numbers must begin at an index that sixteen divides.</summary>
    static abstract bool NeedsGroups { get; }

    ushort One(float value, long index);

    Vector256<ushort> Many(Vector256<float> lower, Vector256<float> upper, long index);

    Vector512<ushort> Many(Vector512<float> lower, Vector512<float> upper, long index);
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

    public Vector256<ushort> Many(Vector256<float> lower, Vector256<float> upper, long index) => UpperHalf.Of(Rounded(lower), Rounded(upper));

    public Vector512<ushort> Many(Vector512<float> lower, Vector512<float> upper, long index) => UpperHalf.Of(Rounded(lower), Rounded(upper));

    /// <summary>Bits whose upper half is the rounded number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Rounded(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        return UpperHalf.KeepNaN(value, bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256<uint>.One));
    }

    /// <inheritdoc cref="Rounded(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Rounded(Vector512<float> value)
    {
        var bits = value.AsUInt32();
        return UpperHalf.KeepNaN(value, bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512<uint>.One));
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<ushort> Many(Vector256<float> lower, Vector256<float> upper, long index)
    {
        // One hash has the bits of two elements, which are half a register apart.
        var bits = RandomBits(Vector256.Create((uint)(index / 2)) + Vector256<uint>.Indices);
        var (first, second) = (lower.AsUInt32() + (bits >>> 16), upper.AsUInt32() + (bits & Vector256.Create(0xFFFFu)));
        var numbers = Vector256.EqualsAll(lower, lower) && Vector256.EqualsAll(upper, upper);
        if (!numbers) (first, second) = (UpperHalf.KeepNaN(lower, first), UpperHalf.KeepNaN(upper, second));
        return UpperHalf.Of(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<ushort> Many(Vector512<float> lower, Vector512<float> upper, long index)
    {
        // Two groups of sixteen, whose hashes lie side by side.
        var bits = RandomBits(Vector512.Create((uint)(index / 2)) + Vector512<uint>.Indices);
        var (early, late) = (bits >>> 16, bits & Vector512.Create(0xFFFFu));
        var first = lower.AsUInt32() + Vector512.Create(early.GetLower(), late.GetLower());
        var second = upper.AsUInt32() + Vector512.Create(early.GetUpper(), late.GetUpper());
        var numbers = Vector512.EqualsAll(lower, lower) && Vector512.EqualsAll(upper, upper);
        if (!numbers) (first, second) = (UpperHalf.KeepNaN(lower, first), UpperHalf.KeepNaN(upper, second));
        return UpperHalf.Of(first, second);
    }

    /// <summary>A hash of a group of elements: the 32-bit finalizer "lowbias32" (Wellons, "Prospecting for Hash Functions", 2018) with the
    /// halves of the key before and after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<uint> RandomBits(Vector256<uint> group)
    {
        var hash = group ^ Vector256.Create((uint)key);
        hash = (hash ^ (hash >>> 16)) * Vector256.Create(0x7FEB352Du);
        hash = (hash ^ (hash >>> 15)) * Vector256.Create(0x846CA68Bu);
        hash = ((hash ^ (hash >>> 16)) + Vector256.Create((uint)(key >> 32))) * Vector256.Create(0x9E3779B1u);
        return hash ^ (hash >>> 15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<uint> RandomBits(Vector512<uint> group)
    {
        var hash = group ^ Vector512.Create((uint)key);
        hash = (hash ^ (hash >>> 16)) * Vector512.Create(0x7FEB352Du);
        hash = (hash ^ (hash >>> 15)) * Vector512.Create(0x846CA68Bu);
        hash = ((hash ^ (hash >>> 16)) + Vector512.Create((uint)(key >> 32))) * Vector512.Create(0x9E3779B1u);
        return hash ^ (hash >>> 15);
    }
}

/// <summary>The upper half of a float32, which is a bfloat16.</summary>
internal static class UpperHalf
{
    /// <summary>The upper halves of adjacent numbers: side by side, then in their order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ushort> Of(Vector256<uint> lower, Vector256<uint> upper)
    {
        var pairs = Vector256.ConditionalSelect(Vector256.Create(0xFFFFu), lower >>> 16, upper).AsUInt16();
        return Vector256.Shuffle(pairs, Vector256.Create((ushort)0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
    }

    /// <inheritdoc cref="Of(Vector256{uint}, Vector256{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ushort> Of(Vector512<uint> lower, Vector512<uint> upper)
    {
        var pairs = Vector512.ConditionalSelect(Vector512.Create(0xFFFFu), lower >>> 16, upper).AsUInt16();
        return Vector512.Shuffle(pairs, Vector512.Create((ushort)0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30,
            1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
    }

    /// <summary>The bits of rounded numbers; rounding could carry a NaN over to infinity or to a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> KeepNaN(Vector256<float> value, Vector256<uint> rounded) =>
        Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, value.AsUInt32() | Vector256.Create(0x400000u));

    /// <inheritdoc cref="KeepNaN(Vector256{float}, Vector256{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> KeepNaN(Vector512<float> value, Vector512<uint> rounded) =>
        Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, value.AsUInt32() | Vector512.Create(0x400000u));
}
