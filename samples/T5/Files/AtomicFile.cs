using System.Text;

namespace SamSharp.Samples.T5.Files;

/// <summary>Writes a file atomically: its path has either the old content or all of the new, never a part.</summary>
public static class AtomicFile
{
    private const string Unfinished = ".unfinished";

    /// <summary>Writes a text.</summary>
    public static void Write(string path, string text) => Write(path, file => file.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Removes the temporary files that killed processes left of a folder's files.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="file">The name of the files; default: all.</param>
    public static void DeleteUnfinished(string folder, string file = "*")
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var left in Directory.GetFiles(folder, $"{file}.*{Unfinished}"))
            File.Delete(left);
    }

    /// <summary>Writes to a temporary file next to <paramref name="path"/>, flushes it to disk and moves it into place.</summary>
    public static void Write(string path, Action<FileStream> write) => Write(path, write, overwrite: true);

    /// <summary>Writes a text unless the file is there, or another process writes it first.</summary>
    /// <returns>Whether it was written.</returns>
    public static bool TryWriteNew(string path, string text)
    {
        try
        {
            Write(path, file => file.Write(Encoding.UTF8.GetBytes(text)), overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    private static void Write(string path, Action<FileStream> write, bool overwrite)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Guid.NewGuid():N}{Unfinished}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite);
        }
        catch
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
            throw;
        }
    }
}
