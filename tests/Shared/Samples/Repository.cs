namespace SamSharp.Samples.Tests;

/// <summary>The files of the repository, for tests of what it publishes.</summary>
internal static class Repository
{
    /// <summary>A file or folder by its path from the top.</summary>
    public static string Find(string path)
    {
        var top = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(top, "SamSharp.sln"))) top = Path.GetDirectoryName(top)!;
        return Path.Combine(top, path);
    }
}
