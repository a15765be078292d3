using System.Buffers.Binary;
using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>Elements of every type, as they lie in memory.</summary>
internal static class Elements
{
    public static int BytesOf(ElementType type) => type switch { ElementType.Float64 => 8, ElementType.Float32 => 4, _ => 2 };

    /// <summary>The type that elements are computed in.</summary>
    public static ElementType NumberOf(ElementType type) => type == ElementType.Float64 ? type : ElementType.Float32;

    public static double Read(ReadOnlySpan<byte> buffer, long index, ElementType type)
    {
        var at = buffer[(int)(index * BytesOf(type))..];
        return type switch
        {
            ElementType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(at),
            ElementType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(at),
            ElementType.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
            _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(at) << 16),
        };
    }

    /// <summary>Writes a number of the type that elements are computed in, rounded to nearest, ties to even.</summary>
    public static void Write(Span<byte> buffer, long index, ElementType type, double value)
    {
        var at = buffer[(int)(index * BytesOf(type))..];
        switch (type)
        {
            case ElementType.Float64:
                BinaryPrimitives.WriteDoubleLittleEndian(at, value);
                break;
            case ElementType.Float32:
                BinaryPrimitives.WriteSingleLittleEndian(at, (float)value);
                break;
            case ElementType.Float16:
                BinaryPrimitives.WriteHalfLittleEndian(at, (Half)(float)value);
                break;
            default:
                var bits = BitConverter.SingleToUInt32Bits((float)value);
                var rounded = (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
                BinaryPrimitives.WriteUInt16LittleEndian(at, float.IsNaN((float)value) ? (ushort)0x7fc0 : rounded);
                break;
        }
    }

    /// <summary>Whether two elements have the same bits, or are both no numbers.</summary>
    public static bool Same(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, long index, ElementType type)
    {
        var (start, bytes) = ((int)(index * BytesOf(type)), BytesOf(type));
        return a.Slice(start, bytes).SequenceEqual(b.Slice(start, bytes))
            || (double.IsNaN(Read(a, index, type)) && double.IsNaN(Read(b, index, type)));
    }
}
