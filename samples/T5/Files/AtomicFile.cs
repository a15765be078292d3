namespace SamSharp.Samples.T5.Files;

/// <summary>Writes a file atomically: its path has either the old content or all of the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a temporary file next to <paramref name="path"/>, flushes it to disk and moves it into place.</summary>
    public static void Write(string path, Action<FileStream> write)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
