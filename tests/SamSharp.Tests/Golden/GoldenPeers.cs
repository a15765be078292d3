namespace SamSharp.Tests.Golden;

/// <summary>How the runs of each peer's class are made with this library; the settings come from the index.</summary>
internal static partial class GoldenPeers
{
    /// <summary>By "repository: class", as the index names them.</summary>
    public static IReadOnlyDictionary<string, Action<GoldenRun>> All { get; } =
        new[] { Core, Geometry, Around, History }.SelectMany(family => family).ToDictionary();

    public static string KeyOf(string run)
    {
        var entry = GoldenRun.Index.GetProperty("runs").GetProperty(run);
        return $"{entry.GetProperty("peer").GetString()}: {entry.GetProperty("peer_class").GetString()}";
    }
}
