using System.Runtime.InteropServices;

namespace SamSharp.Samples.T5.Files;

/// <summary>
/// Writes, replaces and deletes folders atomically: after a crash, a kill or a full disk a folder is either complete or absent. New files go
/// to a temporary folder next to it and are flushed to disk; then the folder is renamed. A folder is renamed before it is deleted.
/// </summary>
public static class AtomicFolder
{
    private const string Unfinished = ".unfinished-";
    private const string Replaced = ".replaced-";

    /// <exception cref="IOException">The folder could not be written; what was there before is still there.</exception>
    public static void Write(string path, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(path)!;
        var temporary = Beside(path, Unfinished);
        try
        {
            Directory.CreateDirectory(parent);
            DeleteTree(temporary);
            Directory.CreateDirectory(temporary);
            write(temporary);
            foreach (var file in Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories))
                FlushFile(file);
            FlushFolder(temporary);
            Replace(path, temporary);
            FlushFolder(parent);
        }
        catch (Exception exception)
        {
            TryDelete(temporary);
            if (!DiskFault.Is(exception))
                throw;
            throw new IOException(
                $"Could not save {path}: {exception.Message.TrimEnd('.')}. Nothing of it was kept" +
                $"{(DiskFault.IsFull(exception) ? $"; {DiskFault.Remedy}" : "")}.", exception);
        }
    }

    /// <summary>Deletes a folder, if it is there: a kill leaves all of it, or nothing under its name.</summary>
    public static void Delete(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(path))
            return;
        var aside = Beside(path, Unfinished);
        DeleteTree(aside);
        Directory.Move(path, aside);
        DeleteTree(aside);
    }

    /// <summary>Removes what a killed process left, and puts back a folder that it was about to replace.</summary>
    public static void DeleteUnfinished(string parent)
    {
        if (!Directory.Exists(parent))
            return;
        foreach (var old in Directory.GetDirectories(parent, Replaced + "*"))
        {
            var path = Path.Combine(parent, Path.GetFileName(old)[Replaced.Length..]);
            if (Directory.Exists(path))
                DeleteTree(old);
            else
                Directory.Move(old, path);
        }
        foreach (var folder in Directory.GetDirectories(parent, Unfinished + "*"))
            DeleteTree(folder);
    }

    private static string Beside(string path, string prefix) => Path.Combine(Path.GetDirectoryName(path)!, prefix + Path.GetFileName(path));

    private static void Replace(string path, string by)
    {
        if (!Directory.Exists(path))
        {
            Directory.Move(by, path);
            return;
        }
        var old = Beside(path, Replaced);
        DeleteTree(old);
        Directory.Move(path, old);
        try
        {
            Directory.Move(by, path);
        }
        catch
        {
            Directory.Move(old, path);
            throw;
        }
        DeleteTree(old);
    }

    private static void DeleteTree(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            DeleteTree(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
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
