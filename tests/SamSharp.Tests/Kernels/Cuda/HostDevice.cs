using System.Diagnostics;
using SamSharp.Kernels;
using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>The CUDA kernels on the CPU: their source compiled as C++ behind a driver that runs it there. Everything else is what runs on
/// a GPU.</summary>
internal static class HostDevice
{
    private static readonly string[] Compilers = ["clang++-19", "clang++"];

    private static readonly Lazy<(string? Library, string? Problem)> Built = new(Build);

    /// <summary>Why the kernels cannot be compiled; null if they can.</summary>
    public static string? Problem => Built.Value.Problem;

    /// <summary>The driver. Tests that need it are skipped where <see cref="Problem"/> is not null.</summary>
    public static CudaDriver OpenDriver() => new(Built.Value.Library);

    /// <summary>Kernels that take lists on the CPU for lists on a GPU.</summary>
    public static CudaKernels Kernels(Func<ICudaDriver>? open = null) => new(open ?? OpenDriver, DeviceType.CPU);

    private static (string?, string?) Build()
    {
        var sources = Path.Combine(AppContext.BaseDirectory, "Cuda");
        var library = Path.Combine(Directory.CreateTempSubdirectory("samsharp-kernels-").FullName, "host.so");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(library)!, recursive: true);
        foreach (var compiler in Compilers)
        {
            try
            {
                string[] arguments = ["-std=c++20", "-O1", "-ffp-contract=off", "-fPIC", "-shared", "-o", library,
                    Path.Combine(sources, "HostDriver.cpp")];
                using var process = Process.Start(new ProcessStartInfo(compiler, arguments) { RedirectStandardError = true })!;
                var errors = process.StandardError.ReadToEnd();
                process.WaitForExit();
                return process.ExitCode == 0
                    ? (library, null)
                    : throw new InvalidOperationException($"{compiler} does not compile the kernels:\n{errors}");
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Not installed.
            }
        }
        return (null, $"none of {string.Join(", ", Compilers)} is installed; the CUDA kernels are compiled with it to be tested on the CPU");
    }
}
