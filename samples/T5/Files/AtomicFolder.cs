using System.Runtime.InteropServices;

namespace SamSharp.Samples.T5.Files;

/// <summary>
/// Writes a folder atomically: after a crash, a kill or a full disk it is either complete or absent. The files go to a
/// temporary folder next to it and are flushed to disk; then the folder is renamed.
/// </summary>
public static class AtomicFolder
{
    private const string Unfinished = ".unfinished-";

    /// <exception cref="IOException">The folder could not be written; nothing is left behind.</exception>
    public static void Write(string path, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(path)!;
        var temporary = Path.Combine(parent, Unfinished + Path.GetFileName(path));
        try
        {
            Directory.CreateDirectory(parent);
            Delete(temporary);
            Directory.CreateDirectory(temporary);
            write(temporary);
            foreach (var file in Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories))
                FlushFile(file);
            FlushFolder(temporary);
            if (Directory.Exists(path))
                Delete(path);
            Directory.Move(temporary, path);
            FlushFolder(parent);
        }
        catch (Exception exception)
        {
            // A full disk is an IOException, a file over its size limit an ArgumentOutOfRangeException, and so on.
            TryDelete(temporary);
            throw new IOException($"Could not save {path}: {exception.Message.TrimEnd('.')}. Nothing of it was kept; free some space or choose " +
                "another folder.", exception);
        }
    }

    /// <summary>Removes the temporary folders of a killed process.</summary>
    public static void DeleteUnfinished(string parent)
    {
        if (!Directory.Exists(parent))
            return;
        foreach (var folder in Directory.EnumerateDirectories(parent, Unfinished + "*"))
            Delete(folder);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Delete(folder);
        }
        catch (IOException)
        {
            // The first error says more than a failed cleanup.
        }
    }

    private static void FlushFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    // A rename is durable only after the parent folder is flushed, and .NET cannot open folders.
    private static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var descriptor = Open(path, 0);
        if (descriptor < 0)
            return;
        _ = Synchronize(descriptor);
        _ = Close(descriptor);
    }

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Synchronize(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
