using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

internal static class Devices
{
    /// <summary>Whether two names mean one device; TorchSharp's own == compares references.</summary>
    public static bool IsSameAs(this Device device, Device other) => device.type == other.type && device.index == other.index;
}
