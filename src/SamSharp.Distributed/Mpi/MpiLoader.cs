using System.Runtime.InteropServices;

namespace SamSharp.Distributed.Mpi;

/// <summary>Finds the library that belongs to the launcher.</summary>
internal static partial class MpiLoader
{
    private static readonly Lock Once = new();
    private static MpiLibrary? _loaded;

    /// <exception cref="MpiException">There is no such library, or it is of another implementation than the launcher.</exception>
    public static MpiLibrary Load(Launcher launcher, Func<string, string?> variable)
    {
        lock (Once)
        {
            return _loaded ??= Open(launcher, variable);
        }
    }

    private static MpiLibrary Open(Launcher launcher, Func<string, string?> variable)
    {
        LeaveSignalsToDotnet();
        var names = launcher.Libraries(variable);
        foreach (var name in names)
        {
            if (!NativeLibrary.TryLoad(name, out var handle)) continue;
            var library = new MpiLibrary(handle, name);
            if (launcher.Family is { } family && library.Family != family && library.Family != MpiFamily.Standard)
                throw new MpiException($"The process was started by {NameOf(family)} ({launcher.Sign} is set), but {name} is {library.Version}. " +
                    $"Use that implementation's mpirun, or set {Launcher.Choice} to the library of the one that runs.");
            return library;
        }
        throw new MpiException($"The process was started by {(launcher.Family is { } started ? NameOf(started) : launcher.Sign)}, " +
            $"but no library of it can be loaded; tried {string.Join(", ", names)}. " +
            $"Install it (Debian and Ubuntu: libopenmpi3 or libmpich12), add its folder to the path where libraries are looked for, " +
            $"or set {Launcher.Choice} to the library's path.");
    }

    private static string NameOf(MpiFamily family) => family == MpiFamily.OpenMpi ? "Open MPI" : "MPICH or a relative of it";

    /// <summary>UCX, which both implementations may use, handles SIGSEGV itself unless told not to, while .NET makes NullReferenceException of it.
    /// .NET's own way to set a variable does not reach native code on Unix.</summary>
    private static void LeaveSignalsToDotnet()
    {
        if (!OperatingSystem.IsWindows()) _ = SetVariable("UCX_ERROR_SIGNALS", "SIGILL,SIGBUS,SIGFPE", overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
