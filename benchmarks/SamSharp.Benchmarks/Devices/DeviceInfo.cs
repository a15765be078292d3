using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>A device: what it is called, how much of its memory is in use, and when it has done its work.</summary>
internal sealed partial class DeviceInfo(Device place)
{
    private const string Driver = "libcuda.so.1";

    public Device Place => place;

    public bool IsCuda => place.type == DeviceType.CUDA;

    /// <summary>Whether a name such as cpu or cuda:1 is that of a device here.</summary>
    public static bool Exists(string name) => name switch
    {
        "cpu" => true,
        "cuda" => cuda.is_available(),
        _ => name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), CultureInfo.InvariantCulture, out var index)
            && index >= 0 && index < cuda.device_count(),
    };

    /// <summary>Waits until everything asked of the device so far is done.</summary>
    public void Synchronize()
    {
        if (IsCuda) cuda.synchronize(place);
    }

    /// <summary>Memory in use: all of the device's, what libtorch keeps for later included; or the physical memory of this process.</summary>
    public long UsedBytes()
    {
        if (!IsCuda)
        {
            using var process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
        Synchronize(); // which makes the device's context current
        return cuMemGetInfo(out var free, out var total) == 0 ? (long)(total - free) : 0;
    }

    public override string ToString()
    {
        if (!IsCuda) return string.Create(CultureInfo.InvariantCulture, $"cpu ({get_num_threads()} threads)");
        var name = new byte[256];
        return cuDeviceGetName(name, name.Length, place.index) == 0 && cuDriverGetVersion(out var version) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{place} ({Encoding.UTF8.GetString(name).TrimEnd('\0')}, CUDA {version / 1000}.{version % 1000 / 10} driver)")
            : place.ToString();
    }

    [LibraryImport(Driver)]
    private static partial int cuDeviceGetName([Out] byte[] name, int length, int device);

    [LibraryImport(Driver)]
    private static partial int cuDriverGetVersion(out int version);

    [LibraryImport(Driver, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int cuMemGetInfo(out nuint free, out nuint total);
}
