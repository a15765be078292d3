namespace SamSharp.Samples.Tests;

/// <summary>Real data files that are not in the repository: in the folder SAMSHARP_DATA, or in a sibling shared/data.</summary>
internal static class SharedData
{
    private static readonly string? Root = Find();

    /// <summary>A file or folder of the data; skips the test if it is absent.</summary>
    public static string Path(params string[] parts)
    {
        Skip.If(Root is null, "no data folder: set SAMSHARP_DATA, or put shared/data beside the repository");
        var path = System.IO.Path.Combine([Root!, .. parts]);
        Skip.IfNot(System.IO.Path.Exists(path), $"{path} is absent");
        return path;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("SAMSHARP_DATA") is { Length: > 0 } named)
            return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate))
                return candidate;
        }
        return null;
    }
}
