using System.Buffers.Binary;
using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>The kernels for 16-bit weights that have masters or are rounded at random, every bit of what they write.</summary>
internal sealed partial class KernelChecks
{
    private const ulong Key = 0xFEDC_BA98_7654_3210;

    private static readonly (bool Masters, bool AtRandom)[] Modes = [(false, true), (true, false), (true, true)];

    /// <summary>1 if any bit is wrong, beside the results too; else 0.</summary>
    private double Rounded(Kernel kernel, ElementType type, Case @case, (bool Masters, bool AtRandom) mode)
    {
        using var weights = Buffer(type, @case, 1, special: true);
        using var vectors = Buffer(type, @case, 2, special: true);
        using var results = Buffer(type, @case, 3, special: true);
        using var masters = MastersOf(weights, type);
        using var scale = Numbers(type, Reference.Scale);
        var hasMasters = mode.Masters || kernel is Kernel.Round or Kernel.TakeUpChanges;
        var (table, offset, index) = (new LaunchTable(rounded: true), 0L, 0UL);
        var (first, flag) = (scale.Address, mode.AtRandom ? 1 : 0);
        foreach (var size in @case.Sizes)
        {
            if (table.IsFull)
            {
                device.Pass(kernel, type, table, first, flag, Reference.Kappa);
                table.Continue();
            }
            nint At(DeviceBuffer buffer, long start, int bytes) => buffer.Address + (nint)((start + offset) * bytes);
            table.Add(size, At(weights, @case.Weights, 2), At(vectors, @case.Vectors, 2), At(results, @case.Results, 2),
                hasMasters ? At(masters, @case.Weights, 4) : 0, Key + index++);
            offset += size;
        }
        device.Pass(kernel, type, table, first, flag, Reference.Kappa);

        var (expected, exact, key) = (results.Host.ToArray(), masters.Host.ToArray(), Key);
        long at = 0;
        foreach (var size in @case.Sizes)
        {
            for (var i = 0L; i < size; i++, at++)
            {
                var weight = (float)Elements.Read(weights.Host, @case.Weights + at, type);
                var master = BinaryPrimitives.ReadSingleLittleEndian(masters.Host.AsSpan((int)(4 * (@case.Weights + at))));
                var current = RoundingReference.Nearest(master, type).Equals(weight) ? master : weight;
                if (kernel == Kernel.TakeUpChanges)
                {
                    Elements.Write(exact, @case.Weights + at, ElementType.Float32, current);
                    continue;
                }
                var vector = (float)Elements.Read(vectors.Host, @case.Vectors + at, type);
                var value = kernel == Kernel.Round ? master : RoundingReference.Step(kernel, hasMasters ? current : weight, vector);
                var rounded = mode.AtRandom ? RoundingReference.AtRandom(value, type, i, key) : RoundingReference.Nearest(value, type);
                Elements.Write(expected, @case.Results + at, type, rounded);
            }
            key++;
        }
        return Differ(expected, results.Download(), type) || Differ(exact, masters.Download(), ElementType.Float32) ? 1 : 0;
    }

    private static bool Differ(byte[] expected, byte[] actual, ElementType type)
    {
        for (var i = 0L; i < expected.Length / Elements.BytesOf(type); i++)
            if (!Elements.Same(expected, actual, i, type)) return true;
        return false;
    }

    /// <summary>float32 numbers near the weights, of which two in three round to them; the others are as weights that something has
    /// changed.</summary>
    private DeviceBuffer MastersOf(DeviceBuffer weights, ElementType type)
    {
        var bytes = new byte[2 * weights.Host.Length];
        for (var i = 0L; i < weights.Host.Length / 2; i++)
        {
            var near = 1 + (((i * 0.7548776662 % 1) - 0.5) * Math.ScaleB(1, -12));
            Elements.Write(bytes, i, ElementType.Float32, Elements.Read(weights.Host, i, type) * (i % 3 == 0 ? 1.01 + (i % 7) : near));
        }
        return new(machine, bytes);
    }
}
