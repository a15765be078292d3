namespace SamSharp.DriverChecks;

/// <summary>Bytes here and on the device.</summary>
internal sealed class DeviceBuffer : IDisposable
{
    private readonly ICudaMachine _machine;

    public DeviceBuffer(ICudaMachine machine, byte[] bytes)
    {
        (_machine, Host) = (machine, bytes);
        Address = machine.Allocate(bytes.Length);
        machine.Upload(Address, bytes);
    }

    /// <summary>What was uploaded.</summary>
    public byte[] Host { get; }

    public nint Address { get; }

    /// <summary>What the device has now.</summary>
    public byte[] Download()
    {
        var bytes = new byte[Host.Length];
        _machine.Download(bytes, Address);
        return bytes;
    }

    public void Dispose() => _machine.Free(Address);
}
