using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>Tensors made from numbers, and numbers read from tensors.</content>
public static partial class ScalarArithmetic
{
    /// <summary>A tensor with value in each element.</summary>
    /// <param name="size">The shape; [] for a scalar.</param>
    /// <param name="value">The value.</param>
    /// <param name="dtype">The type of the elements; null for the type of the value.</param>
    /// <param name="device">The tensor's device; null for the default device.</param>
    public static Tensor Full(ReadOnlySpan<long> size, Number value, ScalarType? dtype = null, Device? device = null)
    {
        using var scalar = value.ToScalar();
        return full(size, scalar, dtype, device);
    }

    /// <summary>A tensor of x's shape with value in each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The value.</param>
    /// <param name="dtype">The type of the elements; null for the type of <paramref name="x"/>.</param>
    /// <param name="device">The tensor's device; null for the device of <paramref name="x"/>.</param>
    public static Tensor FullLike(this Tensor x, Number value, ScalarType? dtype = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scalar = value.ToScalar();
        var result = x.full_like(scalar, dtype, device);
        GC.KeepAlive(x);
        return result;
    }

    /// <summary>0, 1, 2 ... below stop, [count].</summary>
    /// <param name="stop">The end, which the tensor does not contain.</param>
    /// <param name="dtype">The type of the elements; null for int64 if stop is an integer, otherwise the default type.</param>
    /// <param name="device">The tensor's device; null for the default device.</param>
    /// <exception cref="ArgumentOutOfRangeException">stop is below the first element, or not a number.</exception>
    public static Tensor Range(Number stop, ScalarType? dtype = null, Device? device = null) => Range(0, stop, dtype, device);

    /// <summary>start, start + 1 ... below stop, [count].</summary>
    /// <param name="start">The first element.</param>
    /// <param name="stop">The end, which the tensor does not contain.</param>
    /// <param name="dtype">The type of the elements; null for int64 if both are integers, otherwise the default type.</param>
    /// <param name="device">The tensor's device; null for the default device.</param>
    /// <exception cref="ArgumentOutOfRangeException">stop is below the first element, or not a number.</exception>
    public static Tensor Range(Number start, Number stop, ScalarType? dtype = null, Device? device = null)
    {
        if (!(stop.ToDouble() >= start.ToDouble())) throw new ArgumentOutOfRangeException(nameof(stop), "stop must be at least start.");
        using var first = start.ToScalar();
        using var end = stop.ToScalar();
        using var step = 1.ToScalar();
        return arange(first, end, step, dtype, device);
    }

    /// <summary>The number in a tensor of one element; the tensor may be a temporary. Waits for the device that has it.</summary>
    /// <typeparam name="T">The type of the tensor's elements.</typeparam>
    /// <param name="x">One element.</param>
    /// <exception cref="ArgumentException">The tensor has several elements, or elements of another type.</exception>
    public static T Read<T>(this Tensor x)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(x);
        RequireNumbers(x);
        if (x.device_type != DeviceType.CPU)
        {
            using var here = x.cpu();
            GC.KeepAlive(x);
            return here.Read<T>();
        }
        var value = x.item<T>();
        GC.KeepAlive(x);
        return value;
    }

    /// <summary>
    /// The number in a tensor of one element of any type, as a double; the tensor may be a temporary. Waits for the device that has it.
    /// </summary>
    /// <param name="x">One element.</param>
    /// <exception cref="ArgumentException">The tensor has several elements, or none.</exception>
    public static double ReadDouble(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.NumberOfElements != 1)
            throw new ArgumentException($"The tensor has shape [{string.Join(", ", x.shape)}]; one element is needed.", nameof(x));
        RequireNumbers(x);
        using var scalar = x.ToScalar();
        GC.KeepAlive(x);
        return scalar.ToDouble();
    }

    private static void RequireNumbers(Tensor x)
    {
        if (x.device_type == DeviceType.META)
            throw new ArgumentException("The tensor is on the meta device, where there are no numbers.", nameof(x));
    }

    /// <summary>All elements in row-major order; the tensor may be a temporary. Waits for the device that has them.</summary>
    /// <typeparam name="T">The type of the tensor's elements.</typeparam>
    /// <param name="x">Any shape.</param>
    /// <exception cref="ArgumentException">The tensor has elements of another type.</exception>
    public static T[] ReadAll<T>(this Tensor x)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(x);
        RequireNumbers(x);
        if (x.device_type != DeviceType.CPU)
        {
            using var here = x.cpu();
            GC.KeepAlive(x);
            return here.ReadAll<T>();
        }
        using var elements = x.data<T>();
        var values = elements.ToArray();
        GC.KeepAlive(x);
        return values;
    }
}
