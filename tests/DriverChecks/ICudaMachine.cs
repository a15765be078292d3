using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>A device with memory of its own.</summary>
internal unsafe interface ICudaMachine
{
    /// <summary>What launches kernels.</summary>
    ICudaDriver Driver { get; }

    /// <summary>The device's number.</summary>
    int Ordinal { get; }

    /// <summary>Its name and the driver's version.</summary>
    string Name { get; }

    nint Allocate(long bytes);

    void Free(nint address);

    void Upload(nint target, ReadOnlySpan<byte> source);

    void Download(Span<byte> target, nint source);

    /// <summary>Copies from the device to the device.</summary>
    void Copy(nint target, nint source, long bytes);

    /// <summary>Waits until everything is done.</summary>
    void Synchronize();
}
