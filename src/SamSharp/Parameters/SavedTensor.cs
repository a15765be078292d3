using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Reads tensors as TorchSharp writes them, and only what is expected: no memory is allocated before type and shape are known to be
/// right.</summary>
internal static class SavedTensor
{
    /// <summary>The next tensor of a stream, outside of every dispose scope.</summary>
    /// <param name="reader">The stream's reader.</param>
    /// <param name="type">The expected dtype.</param>
    /// <param name="shape">The expected shape.</param>
    /// <param name="device">The device of the result.</param>
    /// <param name="what">The tensor's name in errors, such as "exp_avg of parameter 3".</param>
    /// <exception cref="InvalidDataException">The tensor has another type or shape.</exception>
    /// <exception cref="EndOfStreamException">The stream ends too early.</exception>
    public static Tensor Read(BinaryReader reader, ScalarType type, long[] shape, Device device, string what)
    {
        var savedType = ReadCount(reader);
        if (savedType != (long)type)
            throw new InvalidDataException($"The saved {what} is {(ScalarType)savedType}; {type} is needed.");
        var dimensions = ReadCount(reader);
        if (dimensions != shape.Length)
            throw new InvalidDataException($"The saved {what} has {dimensions} dimensions; shape [{string.Join(", ", shape)}] is needed.");
        var saved = Array.ConvertAll(shape, _ => ReadCount(reader));
        if (!saved.AsSpan().SequenceEqual(shape))
            throw new InvalidDataException($"The saved {what} has shape [{string.Join(", ", saved)}]; [{string.Join(", ", shape)}] is needed.");

        SavedBytes.Require(reader, shape.Aggregate((long)type.ElementSize(), (bytes, size) => bytes * size));
        var tensor = empty(shape, type, CPU).DetachFromDisposeScope();
        try
        {
            for (var rest = tensor.NumberOfElements == 0 ? [] : tensor.bytes; rest.Length > 0;)
            {
                var count = reader.Read(rest);
                if (count == 0) throw new EndOfStreamException();
                rest = rest[count..];
            }
            GC.KeepAlive(tensor);
            if (device.type == DeviceType.CPU) return tensor;
            var there = tensor.to(device).DetachFromDisposeScope();
            tensor.Dispose();
            return there;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>The next byte as a flag.</summary>
    /// <exception cref="InvalidDataException">The byte is neither 0 nor 1.</exception>
    public static bool ReadFlag(BinaryReader reader) => reader.ReadByte() switch
    {
        0 => false,
        1 => true,
        var other => throw new InvalidDataException($"A flag in the saved state is {other}; it can be 0 or 1."),
    };

    /// <summary>The next number, encoded in 7 bits per byte, lowest first.</summary>
    private static long ReadCount(BinaryReader reader)
    {
        long value = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            long bits = reader.ReadByte();
            value |= (bits & 0x7f) << shift;
            if (bits < 0x80) return value;
        }
        throw new InvalidDataException("A number in the saved state has too many digits.");
    }
}
