using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>All checks, as a program makes them.</summary>
internal static class Harness
{
    /// <summary>Every kernel computes what it should, or none could be asked.</summary>
    public const int Right = 0, Wrong = 1, Unchecked = 2;

    /// <summary>Checks every kernel and measures how much memory it moves in a second.</summary>
    /// <param name="open">Opens the device.</param>
    /// <param name="output">Gets the tables.</param>
    /// <param name="errors">Gets a sentence where nothing can be checked.</param>
    /// <param name="elements">Elements of the tensors whose passes are timed.</param>
    /// <returns>The exit code.</returns>
    public static int Run(Func<ICudaMachine> open, TextWriter output, TextWriter errors, long elements)
    {
        try
        {
            var machine = open();
            output.WriteLine($"device {machine.Ordinal}: {machine.Name}; {DateTime.UtcNow:yyyy-MM-dd}");
            var device = new CudaDevice(machine.Driver, machine.Ordinal);
            var wrong = new KernelChecks(machine, device).Run(output);
            Bandwidth.Measure(machine, device, output, elements);
            output.WriteLine(wrong == 0 ? "every kernel computes what it should" : $"WRONG: {wrong} kernels compute other numbers than they should");
            return wrong == 0 ? Right : Wrong;
        }
        catch (CudaException e)
        {
            errors.WriteLine($"The kernels were not all checked, since {e.Message}.");
            return Unchecked;
        }
    }
}
