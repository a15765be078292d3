using Microsoft.Win32.SafeHandles;

namespace SamSharp.Samples.T5.Files;

internal static class FileBytes
{
    /// <summary>Fills <paramref name="destination"/> from the file's bytes at <paramref name="offset"/>.</summary>
    public static void ReadExactly(SafeFileHandle file, Span<byte> destination, long offset, string path)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
                throw new EndOfStreamException($"{path}: the file ends at byte {offset}; another process truncated it while it was being read.");
            destination = destination[read..];
            offset += read;
        }
    }
}
