using System.Text;

namespace SamSharp;

/// <summary>What is left of a saved state. Nothing is allocated for more than that.</summary>
internal static class SavedBytes
{
    /// <exception cref="EndOfStreamException">The stream ends before that many bytes.</exception>
    public static void Require(BinaryReader reader, long bytes)
    {
        if (bytes > LeftIn(reader.BaseStream)) throw new EndOfStreamException();
    }

    /// <summary>The bytes that are left; unbounded where a stream cannot tell.</summary>
    public static long LeftIn(Stream stream) => stream.CanSeek ? stream.Length - stream.Position : long.MaxValue;

    /// <summary>
    /// The same stream for TorchSharp's optimizers, which allocate what a file announces: dimensions and sizes that cannot be true are refused
    /// before.
    /// </summary>
    public static BinaryReader ForTorchSharp(BinaryReader reader) => new TorchSharpReader(reader.BaseStream);

    /// <summary>TorchSharp writes a tensor as its type, the number of its dimensions and its sizes, in 7 bits per byte, and then its
    /// bytes; SGD writes the shape in front of that, too, in whole numbers.</summary>
    private sealed class TorchSharpReader(Stream stream) : BinaryReader(stream, Encoding.UTF8, leaveOpen: true)
    {
        private const int MostDimensions = 64;

        private long _number, _elements;
        private int _shift, _numbers, _sizes;

        /// <summary>From here the bytes of a tensor are read.</summary>
        public override Stream BaseStream
        {
            get
            {
                _numbers = 0;
                return base.BaseStream;
            }
        }

        public override bool ReadBoolean()
        {
            _numbers = 0;
            return base.ReadBoolean();
        }

        public override byte ReadByte()
        {
            var bits = base.ReadByte();
            if (_shift > 56) throw new InvalidDataException("a number has too many digits.");
            _number |= (long)(bits & 0x7f) << _shift;
            _shift += 7;
            if (bits > 0x7f) return bits;
            if (++_numbers == 2) RequireDimensions(_number);
            (_number, _shift) = (0, 0);
            return bits;
        }

        public override int ReadInt32()
        {
            _numbers = 0;
            _sizes = base.ReadInt32();
            _elements = 1;
            RequireDimensions(_sizes);
            return _sizes;
        }

        public override long ReadInt64()
        {
            _numbers = 0;
            var number = base.ReadInt64();
            if (_sizes == 0) return number;
            _sizes--;
            var left = LeftIn(base.BaseStream);
            _elements = number >= 0 && (number == 0 || _elements <= left / number) ? _elements * number
                : throw new InvalidDataException($"a tensor has a size of {number}, and {left} bytes are left.");
            return number;
        }

        private static void RequireDimensions(long dimensions)
        {
            if (dimensions is < 0 or > MostDimensions) throw new InvalidDataException($"a tensor has {dimensions} dimensions.");
        }
    }
}
