namespace SamSharp.Samples.T5.Files;

/// <summary>A file that one process at a time holds open. On Unix it uses flock(2), as Hugging Face's tools do.</summary>
public static class FileLock
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    // EWOULDBLOCK on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] HeldByAnother = [11, 35, unchecked((int)0x80070020)];

    /// <summary>Waits until no other process holds the file. Disposing releases it; the empty file stays.</summary>
    /// <param name="waiting">Called each time another process holds it.</param>
    public static async Task<IDisposable> AcquireAsync(string path, Action waiting, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryAcquire(path) is { } held)
                return held;
            waiting();
            await Task.Delay(Interval, cancellation);
        }
    }

    /// <summary>The locked file, or null if another process holds it.</summary>
    public static IDisposable? TryAcquire(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (HeldByAnother.Contains(error.HResult))
        {
            return null;
        }
    }
}
