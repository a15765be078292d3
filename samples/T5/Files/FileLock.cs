namespace SamSharp.Samples.T5.Files;

/// <summary>A file held open by one process at a time. On Unix it is flock(2), by which Hugging Face's tools lock too.</summary>
public static class FileLock
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    // EWOULDBLOCK on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] HeldByAnother = [11, 35, unchecked((int)0x80070020)];

    /// <summary>Waits until nobody else holds the file. Disposing frees it; it stays, empty.</summary>
    /// <param name="waiting">Told each time that it is held by another.</param>
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

    /// <summary>The file, or null while another process holds it.</summary>
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
