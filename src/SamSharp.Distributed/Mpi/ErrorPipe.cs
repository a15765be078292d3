using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SamSharp.Distributed.Mpi;

/// <summary>The pipe from this process's standard error to the launcher. MPICH's launcher throws away what it has not read from the pipe when it
/// hears of an abort, which on a busy machine can be the reason for the abort.</summary>
internal static partial class ErrorPipe
{
    private const int StandardError = 2;
    private const nuint BytesToRead = 0x541B; // FIONREAD of Linux

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Waits until the launcher has read everything, but not long for one that has stopped reading. Does nothing where standard error is
    /// no pipe, or on other systems than Linux.</summary>
    public static void WaitUntilRead()
    {
        if (!OperatingSystem.IsLinux() || File.ResolveLinkTarget($"/proc/self/fd/{StandardError}", returnFinalTarget: false) is not { } target
            || !target.Name.StartsWith("pipe:", StringComparison.Ordinal)) return;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Limit; Thread.Sleep(1))
        {
            if (Control(StandardError, BytesToRead, out var unread) != 0 || unread == 0) return;
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int file, nuint request, out int result);
}
