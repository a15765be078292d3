namespace SamSharp.Samples.T5.Files;

/// <summary>Tells a full disk from other errors.</summary>
public static class DiskFault
{
    /// <summary>What a user can do about a full disk.</summary>
    public const string Remedy = "free some space or choose another folder";

    // ENOSPC, EFBIG and EDQUOT on Linux and EDQUOT on macOS; ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL on Windows.
    private static readonly int[] Full = [28, 27, 122, 69, unchecked((int)0x80070027), unchecked((int)0x80070070)];

    /// <summary>Whether there is no room for what was written: a full disk, a used up quota, or a file over its size limit.</summary>
    public static bool IsFull(Exception error) =>
        (error is IOException && Full.Contains(error.HResult))
        || (error is ArgumentOutOfRangeException && error.StackTrace?.Contains("System.IO.", StringComparison.Ordinal) == true)
        || (error.InnerException is { } inner && IsFull(inner));

    /// <summary>Whether a file or folder that was to be written or moved is not there.</summary>
    public static bool IsMissing(Exception error) =>
        error is FileNotFoundException or DirectoryNotFoundException || (error.InnerException is { } inner && IsMissing(inner));

    /// <summary>Whether the error comes from the file system.</summary>
    public static bool Is(Exception error) => error is IOException or UnauthorizedAccessException || IsFull(error);
}
