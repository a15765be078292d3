using SamSharp.Benchmarks.Devices;

// The checks count live tensors and read the memory in use: one at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace SamSharp.DeviceChecks;

/// <summary>The device that is checked: the one that SAMSHARP_DEVICE names (cpu, cuda, cuda:1, ...), else the CPU.</summary>
internal static class CheckedDevice
{
    private static readonly string Name = Environment.GetEnvironmentVariable("SAMSHARP_DEVICE") is { Length: > 0 } named ? named : DeviceInfo.Cpu;

    public static bool IsCuda => Name != DeviceInfo.Cpu;

    /// <summary>The device.</summary>
    /// <exception cref="ArgumentException">The device is not available.</exception>
    public static DeviceInfo Find() => DeviceInfo.Find(Name);
}
