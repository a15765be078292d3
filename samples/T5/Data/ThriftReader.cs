using System.Buffers.Binary;

namespace SamSharp.Samples.T5.Data;

/// <summary>Reads structures in Thrift's compact protocol, of which a parquet file's metadata are, without knowing their fields. Whatever the bytes
/// are, it takes time and memory in proportion to their number.</summary>
/// <param name="bytes">The bytes.</param>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    private const int Deepest = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How many bytes have been read.</summary>
    public int Position { get; private set; }

    /// <summary>The values of a structure's fields by their numbers: long, double, byte count of a text, list of values, or structure.</summary>
    /// <exception cref="EndOfStreamException">The bytes end within the structure.</exception>
    /// <exception cref="InvalidDataException">The bytes are no structure.</exception>
    public Dictionary<int, object> ReadStructure(int depth = 0)
    {
        if (depth > Deepest) throw new InvalidDataException("its metadata are nested too deeply");
        var fields = new Dictionary<int, object>();
        for (var number = 0; ;)
        {
            var head = Next();
            if (head == 0) return fields;
            number = head >> 4 is > 0 and var step ? number + step : (int)Math.Clamp(Number(), int.MinValue, int.MaxValue);
            if (number is < 0 or > short.MaxValue || !fields.TryAdd(number, Value(head & 15, depth, isField: true)))
                throw new InvalidDataException($"its metadata have a field {number} where there can be none");
        }
    }

    private object Value(int type, int depth, bool isField)
    {
        switch (type)
        {
            case 1 or 2:
                return isField ? 2L - type : (long)Next();
            case 3:
                return (long)Next();
            case 4 or 5 or 6:
                return Number();
            case 7:
                return BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));
            case 8:
                var length = Count();
                Take(length);
                return (long)length;
            case 9 or 10:
                return List(depth);
            case 11:
                return Map(depth);
            case 12:
                return ReadStructure(depth + 1);
            default:
                throw new InvalidDataException($"its metadata have a value of unknown type {type}");
        }
    }

    private List<object> List(int depth)
    {
        if (depth > Deepest) throw new InvalidDataException("its metadata are nested too deeply");
        var head = Next();
        var count = head >> 4 == 15 ? Count() : Within(head >> 4);
        var items = new List<object>();
        for (var i = 0; i < count; i++) items.Add(Value(head & 15, depth + 1, isField: false));
        return items;
    }

    private List<object> Map(int depth)
    {
        if (depth > Deepest) throw new InvalidDataException("its metadata are nested too deeply");
        var count = Count();
        var types = count == 0 ? 0 : Next();
        var items = new List<object>();
        for (var i = 0; i < count; i++)
        {
            items.Add(Value(types >> 4, depth + 1, isField: false));
            items.Add(Value(types & 15, depth + 1, isField: false));
        }
        return items;
    }

    /// <summary>A count of bytes, or of items that take a byte at least.</summary>
    private int Count()
    {
        var count = Varint();
        return count <= (ulong)_bytes.Length ? Within((int)count) : throw new EndOfStreamException("its metadata end too early");
    }

    private readonly int Within(int count) =>
        count <= _bytes.Length - Position ? count : throw new EndOfStreamException("its metadata end too early");

    private long Number()
    {
        var zigzag = Varint();
        return (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
    }

    private ulong Varint()
    {
        ulong number = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Next();
            number |= (ulong)(part & 127) << shift;
            if (part < 128) return number;
        }
        throw new InvalidDataException("its metadata have a number of more than 64 bits");
    }

    private byte Next() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int count)
    {
        var taken = _bytes.Slice(Position, Within(count));
        Position += count;
        return taken;
    }
}
