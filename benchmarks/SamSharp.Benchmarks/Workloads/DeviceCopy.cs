using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>
/// The floor of anything that passes over a device's memory: libtorch's copy from one buffer of the device to another, as often as it takes.
/// </summary>
internal sealed class DeviceCopy(Device device) : IDisposable
{
    private const long BufferBytes = 1 << 28;

    private readonly Tensor _source = ones(BufferBytes, ScalarType.Byte, device).DetachFromDisposeScope();
    private readonly Tensor _target = zeros(BufferBytes, ScalarType.Byte, device).DetachFromDisposeScope();

    /// <summary>Reads and writes so many bytes, both together.</summary>
    public void Run(long bytes)
    {
        for (var left = bytes / 2; left > 0; left -= BufferBytes)
        {
            using var scope = NewDisposeScope();
            var part = Math.Min(left, BufferBytes);
            _target.narrow(0, 0, part).copy_(_source.narrow(0, 0, part));
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }
}
