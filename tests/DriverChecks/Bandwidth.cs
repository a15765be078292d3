using System.Diagnostics;
using System.Globalization;
using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>How many bytes of memory each pass moves in a second, beside a copy on the device.</summary>
internal static class Bandwidth
{
    /// <summary>Elements of a tensor: past every cache.</summary>
    public const long Elements = 1 << 26;

    private const int Rounds = 10;

    // Bytes read and written, in elements.
    private static readonly (Kernel Kernel, int Moved)[] Passes =
    [
        (Kernel.Square, 1), (Kernel.ScaledSquare, 2), (Kernel.Product, 2), (Kernel.Step, 3), (Kernel.AdaptiveStep, 3), (Kernel.Copy, 2),
        (Kernel.Accumulate, 3), (Kernel.Mix, 3),
    ];

    /// <summary>Prints a line for each pass in float32 and bfloat16, and for float32 one for the copy.</summary>
    public static void Measure(ICudaMachine machine, CudaDevice device, TextWriter output, long elements)
    {
        var bytes = elements * sizeof(float);
        nint weights = machine.Allocate(bytes), vectors = machine.Allocate(bytes), results = machine.Allocate(bytes);
        var numbers = machine.Allocate(1 << 20);
        try
        {
            machine.Upload(numbers, new byte[1 << 20]);
            foreach (var buffer in new[] { weights, vectors, results }) Fill(machine, buffer, bytes);
            output.WriteLine($"{"pass",-20}{"dtype",-10}{"GB/s",8}{"of a copy",12}");
            var copy = Rate(machine, 2 * bytes, () => machine.Copy(results, vectors, bytes));
            Print("copy", "bytes", copy);
            foreach (var type in new[] { ElementType.Float32, ElementType.BFloat16 })
            {
                var size = DriverChecks.Elements.BytesOf(type);
                foreach (var (kernel, moved) in Passes)
                {
                    Print(kernel.ToString(), type.ToString(), Rate(machine, moved * elements * size, () =>
                    {
                        var table = new LaunchTable();
                        table.Add(elements, kernel == Kernel.Copy ? vectors : weights, vectors,
                            kernel is Kernel.Step or Kernel.AdaptiveStep or Kernel.Copy ? results : kernel < Kernel.Step ? vectors : weights);
                        device.Pass(kernel, type, table, numbers, numbers, 0);
                    }));
                }
            }

            // In bytes a weight: w, v and the result, and a master on request; or the master and what it is rounded to.
            foreach (var (kernel, masters, moved) in new[]
            {
                (Kernel.RoundedStep, false, 6), (Kernel.RoundedStep, true, 10), (Kernel.Round, true, 6), (Kernel.TakeUpChanges, true, 10),
            })
            {
                Print(kernel.ToString(), masters && kernel == Kernel.RoundedStep ? "masters" : "BFloat16", Rate(machine, moved * elements, () =>
                {
                    var table = new LaunchTable(rounded: true);
                    table.Add(elements, weights, weights + (nint)(2 * elements), results, masters ? vectors : 0, key: 1);
                    device.Pass(kernel, ElementType.BFloat16, table, numbers, 1, 0);
                }));
            }

            void Print(string pass, string type, double rate) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{pass,-20}{type,-10}{rate / 1e9,8:0.0}{rate / copy,12:0.00}"));
        }
        finally
        {
            foreach (var buffer in new[] { weights, vectors, results, numbers }) machine.Free(buffer);
        }
    }

    private static double Rate(ICudaMachine machine, long bytes, Action pass)
    {
        pass();
        machine.Synchronize();
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < Rounds; round++) pass();
        machine.Synchronize();
        return bytes * Rounds / watch.Elapsed.TotalSeconds;
    }

    private static void Fill(ICudaMachine machine, nint buffer, long bytes)
    {
        var part = new byte[Math.Min(bytes, 1 << 22)];
        for (var done = 0L; done < bytes; done += part.Length)
            machine.Upload(buffer + (nint)done, part.AsSpan(0, (int)Math.Min(part.Length, bytes - done)));
    }
}
