using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Devices by their command-line names.</summary>
public static class Devices
{
    public const string Cpu = "cpu";
    public const string Cuda = "cuda";

    /// <summary>The device of one of several processes on a machine: they take its CUDA devices in turn.</summary>
    public static string OfProcess(string name, int localRank) =>
        name == Cuda && cuda.is_available() ? $"{Cuda}:{localRank % cuda.device_count()}" : name;

    /// <exception cref="NotSupportedException">CUDA is requested but not available.</exception>
    public static Device Find(string name) =>
        name == Cpu || cuda.is_available()
            ? device(name)
            : throw new NotSupportedException(
                "--device cuda: this build of TorchSharp or this machine has no CUDA. Build with -p:TorchBackend=cuda-linux on a machine with an " +
                    "NVIDIA GPU, or use --device cpu.");
}
