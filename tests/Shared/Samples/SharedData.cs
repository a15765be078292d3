using SamSharp.Tests.Needs;

namespace SamSharp.Samples.Tests;

/// <summary>Real data files that are not in the repository; tests of them have an attribute that says so.</summary>
internal static class SharedData
{
    /// <summary>A file or folder of the data; skips the test if it is absent.</summary>
    public static string Path(params string[] parts)
    {
        var path = System.IO.Path.Combine([Need.DataFolder!, .. parts]);
        Skip.IfNot(System.IO.Path.Exists(path), $"{path} is absent");
        return path;
    }
}
