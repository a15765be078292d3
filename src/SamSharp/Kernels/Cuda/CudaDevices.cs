using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace SamSharp.Kernels.Cuda;

/// <summary>The devices that the kernels run on, and why they do not run on others. A device is opened, and tested against libtorch's
/// operators, when its first list arrives.</summary>
/// <param name="open">Opens the driver.</param>
/// <param name="test">Says what is wrong with the numbers of a device; null for nothing.</param>
/// <param name="warn">Tells the user once for each device that the kernels do not run there.</param>
/// <param name="off">Why they run on no device; null if they may.</param>
internal sealed class CudaDevices(Func<ICudaDriver> open, Func<CudaDevice, int, Device, string?> test, Action<string> warn, string? off)
{
    private readonly Lazy<ICudaDriver> _driver = new(open);
    private readonly ConcurrentDictionary<int, Lazy<CudaDevice>> _devices = new();
    private readonly ConcurrentDictionary<int, string> _failures = new();
    private readonly CudaDevice? _only;

    /// <summary>One device that is open, with no test, no warning and no switch.</summary>
    public CudaDevices(CudaDevice device)
        : this(() => throw new CudaException("there is only one device"), (_, _, _) => null, _ => { }, null) => _only = device;

    /// <summary>Whether the kernels run on each device that a list was on, and if not, why.</summary>
    public string Status => off is not null ? $"not used, since {off}" : _devices.IsEmpty
        ? "not used so far: there was no list of contiguous tensors on a CUDA device"
        : string.Join("; ", _devices.Keys.Order().Select(ordinal => _failures.TryGetValue(ordinal, out var failure)
            ? $"cuda:{ordinal}: not used, since {failure}"
            : $"cuda:{ordinal}: used, {LaunchesOn(ordinal)} launches so far"));

    /// <summary>Launches so far, on all devices.</summary>
    public long Launches => _devices.Keys.Sum(LaunchesOn);

    /// <summary>The first failure, if any.</summary>
    public string? Failure => _failures.Values.FirstOrDefault();

    /// <summary>A device, opened at its first use; false if other kernels must serve it.</summary>
    public bool TryFind(int ordinal, Device place, out CudaDevice device)
    {
        device = null!;
        if (off is not null || _failures.ContainsKey(ordinal)) return false;
        if (_only is not null)
        {
            device = _only;
            return true;
        }
        var loading = _devices.GetOrAdd(ordinal, number => new Lazy<CudaDevice>(() => Load(number, place)));
        try
        {
            device = loading.Value;
            return true;
        }
        catch (CudaException e)
        {
            Fail(ordinal, e.Message);
            return false;
        }
    }

    /// <summary>Launches on a device. False if the driver refuses; other kernels then serve the device from now on.</summary>
    public bool Try(int ordinal, CudaDevice device, Action<CudaDevice> launch)
    {
        try
        {
            launch(device);
            if (device.Trouble is { } trouble) Fail(ordinal, trouble);
            return true;
        }
        catch (CudaException e)
        {
            Fail(ordinal, e.Message);
            return false;
        }
    }

    private CudaDevice Load(int ordinal, Device place)
    {
        TensorAddress.Require();
        var device = new CudaDevice(_driver.Value, ordinal);
        if (test(device, ordinal, place) is { } difference) throw new CudaException(difference);
        device.ForgetLaunches();
        return device;
    }

    private void Fail(int ordinal, string reason)
    {
        if (_failures.TryAdd(ordinal, reason))
            warn($"SamSharp: libtorch's operators compute the updates on cuda:{ordinal}; this library's kernels do not run there, since {reason}.");
    }

    private long LaunchesOn(int ordinal) => _devices[ordinal] is { IsValueCreated: true } device ? device.Value.Launches : 0;
}
