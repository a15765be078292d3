using System.Runtime.InteropServices;

namespace SamSharp.Samples.FineTuneEncoder.Setup;

/// <summary>How glibc keeps the memory that libtorch frees.</summary>
internal static class NativeHeap
{
    // Options of mallopt(3).
    private const int TrimThreshold = -1, MapThreshold = -3;

    /// <summary>
    /// Keeps up to 1 GiB of freed memory for the next step: otherwise glibc gives it back to the system after each pass, and the system fills every
    /// page with zeros before it returns. Call it before the first tensor. On other systems than Linux it does nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">glibc refuses.</exception>
    public static void KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
            return;
        // 32 MiB is where the first threshold ends up by itself, unless the other one is set.
        if (SetOption(MapThreshold, 32 << 20) == 0 || SetOption(TrimThreshold, 1 << 30) == 0)
            throw new InvalidOperationException("mallopt refuses the thresholds for freed memory.");
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int option, int value);
}
