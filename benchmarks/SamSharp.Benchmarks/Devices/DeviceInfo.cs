using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>A device: its name, its memory in use, and synchronization.</summary>
internal sealed partial class DeviceInfo(Device place)
{
    /// <summary>The name of the device that always exists.</summary>
    public const string Cpu = "cpu";

    private const string Cuda = "cuda";
    private const string Driver = "libcuda.so.1";

    public Device Place => place;

    public bool IsCuda => place.type == DeviceType.CUDA;

    /// <summary>The names of the available devices: cpu, and cuda, cuda:0 and so on.</summary>
    public static IReadOnlyList<string> Names { get; } =
        cuda.is_available() ? [Cpu, Cuda, .. Enumerable.Range(0, cuda.device_count()).Select(index => $"{Cuda}:{index}")] : [Cpu];

    /// <summary>The device with that name.</summary>
    /// <exception cref="ArgumentException">The device is not available.</exception>
    public static DeviceInfo Find(string name) => Names.Contains(name)
        ? new(device(name == Cuda ? $"{Cuda}:0" : name))
        : throw new ArgumentException($"There is no device {name} here, but {string.Join(", ", Names)}.");

    /// <summary>Waits until the device has finished all its work.</summary>
    public void Synchronize()
    {
        if (IsCuda) cuda.synchronize(place);
    }

    /// <summary>Memory in use: of a GPU all of it, including libtorch's cache; of the CPU the physical memory of this process.</summary>
    public long UsedBytes()
    {
        if (!IsCuda)
        {
            using var process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
        Synchronize(); // also makes the device's context current
        return cuMemGetInfo(out var free, out var total) == 0 ? (long)(total - free) : 0;
    }

    public override string ToString()
    {
        if (!IsCuda) return string.Create(CultureInfo.InvariantCulture, $"cpu ({get_num_threads()} threads)");
        var name = new byte[256];
        return cuDeviceGetName(name, name.Length, place.index) == 0 && cuDriverGetVersion(out var version) == 0
            ? string.Create(CultureInfo.InvariantCulture,
                $"{place} ({Encoding.UTF8.GetString(name).TrimEnd('\0')}, CUDA {version / 1000}.{version % 1000 / 10} driver)")
            : place.ToString();
    }

    [LibraryImport(Driver)]
    private static partial int cuDeviceGetName([Out] byte[] name, int length, int device);

    [LibraryImport(Driver)]
    private static partial int cuDriverGetVersion(out int version);

    [LibraryImport(Driver, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int cuMemGetInfo(out nuint free, out nuint total);
}
