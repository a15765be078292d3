using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using SamSharp.Samples.T5.Files;
using Fields = System.Collections.Generic.Dictionary<int, object>;

namespace SamSharp.Samples.T5.Data;

/// <summary>
/// Compares what a parquet file says of itself in its footer with its pages, before a library reads it: on a damaged file, that can allocate
/// what a broken number says, or loop without end. Field numbers are those of the format's parquet.thrift.
/// </summary>
internal static class ParquetStructure
{
    private const int Mark = 4, Tail = 8, Window = 1 << 16;

    /// <exception cref="InvalidDataException">The file contradicts itself; the message goes on from the file's name.</exception>
    /// <exception cref="EndOfStreamException">A structure is cut.</exception>
    public static void Check(string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        Require(length >= Mark + Tail, "it is too short");
        var tail = Read(file, length - Tail, Tail, path);
        Require(tail.AsSpan(4).SequenceEqual("PAR1"u8) && Read(file, 0, Mark, path).AsSpan().SequenceEqual("PAR1"u8),
            "it does not begin and end with PAR1");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        Require(size > 0 && size <= length - Mark - Tail, $"its footer of {size} bytes does not fit");
        var end = length - Tail - size;
        var reader = new ThriftReader(Read(file, end, (int)size, path));
        var metadata = reader.ReadStructure();
        Schema(Items(metadata, 2));
        var (rows, whole) = (0L, Number(metadata, 3));
        foreach (var group in Items(metadata, 4).Select(Structure))
        {
            var inGroup = Number(group, 3);
            Require(inGroup >= 0 && inGroup <= whole - rows, $"its groups have more rows than its {whole}");
            rows += inGroup;
            foreach (var column in Items(group, 1).Select(Structure)) Column(file, Structure(column.GetValueOrDefault(3)), inGroup, end, path);
        }
        Require(rows == whole, $"its groups have {rows} rows, and it says {whole}");
    }

    /// <summary>The children of a schema's nodes, in depth-first order, are as many as there are nodes.</summary>
    private static void Schema(List<object> nodes)
    {
        long open = 1;
        foreach (var node in nodes.Select(Structure))
        {
            var children = node.TryGetValue(5, out var count) ? count as long? ?? -1 : 0;
            Require(open > 0 && children >= 0 && children <= nodes.Count, "its schema is broken");
            open += children - 1;
        }
        Require(nodes.Count > 0 && open == 0, "its schema is broken");
    }

    private static void Column(SafeFileHandle file, Fields column, long rows, long end, string path)
    {
        var (values, inside, stored) = (Number(column, 5), Number(column, 6), Number(column, 7));
        var data = Number(column, 9);
        var start = column.TryGetValue(11, out var dictionary) && dictionary is long first and > 0 && first < data ? first : data;
        Require(start >= Mark && stored >= 0 && stored <= end - start && values >= 0 && inside >= 0, "a column lies outside of it");
        Require(values >= rows || rows == 0 || values == 0, $"a column has {values} values for {rows} rows");
        for (var stop = start + stored; start < stop;)
        {
            var (page, header) = Page(file, start, stop, path);
            var (unpacked, packed) = (Number(page, 2), Number(page, 3));
            Require(packed >= 0 && packed <= stop - start - header, "a page ends outside of its column");
            Require(unpacked >= 0 && unpacked <= inside, "a page is larger than its column");
            (start, inside) = (start + header + packed, inside - unpacked);
            if ((page.GetValueOrDefault(5) ?? page.GetValueOrDefault(8)) is Fields known)
            {
                var count = Number(known, 1);
                Require(count >= 0 && count <= values, "its pages have more values than their column");
                values -= count;
            }
            else if (page.GetValueOrDefault(7) is Fields words)
            {
                // Even an empty text takes its length.
                Require(Number(words, 1) is >= 0 and var count && count <= Math.Max(unpacked, 1) * 8, "a dictionary has more words than bytes");
            }
        }
        Require(values == 0, "its pages have fewer values than their column");
    }

    /// <summary>The header of a page, and its length.</summary>
    private static (Fields Page, int Header) Page(SafeFileHandle file, long start, long stop, string path)
    {
        for (var window = Window; ; window *= 4)
        {
            var bytes = Read(file, start, (int)Math.Min(window, stop - start), path);
            var reader = new ThriftReader(bytes);
            try
            {
                var page = reader.ReadStructure();
                return (page, reader.Position);
            }
            catch (EndOfStreamException) when (bytes.Length < stop - start && window < int.MaxValue / 4)
            {
                // A long statistic lies in it.
            }
        }
    }

    private static byte[] Read(SafeFileHandle file, long offset, int count, string path)
    {
        var bytes = new byte[count];
        FileBytes.ReadExactly(file, bytes, offset, path);
        return bytes;
    }

    private static long Number(Fields fields, int number) => fields.GetValueOrDefault(number) is long value ? value
        : throw new InvalidDataException($"its metadata lack number {number}");

    private static List<object> Items(Fields fields, int number) => fields.GetValueOrDefault(number) is List<object> items ? items
        : throw new InvalidDataException($"its metadata lack list {number}");

    private static Fields Structure(object? value) => value as Fields ?? throw new InvalidDataException("its metadata lack a structure");

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo) throw new InvalidDataException(otherwise);
    }
}
