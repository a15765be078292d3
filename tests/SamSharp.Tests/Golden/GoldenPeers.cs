namespace SamSharp.Tests.Golden;

/// <summary>How the runs of each peer's class are made with this library; the settings come from the index.</summary>
[InDisposeScope]
internal static partial class GoldenPeers
{
    /// <summary>By "repository: class", as the index names them.</summary>
    public static IReadOnlyDictionary<string, Action<GoldenRun>> All { get; } =
        new[] { Core, Geometry, Around, History, Combination, Noise, Objectives, Optimizers }.SelectMany(family => family).ToDictionary();

    /// <summary>Runs that keep a defect of their peer, kept to recognize it.</summary>
    public static IReadOnlySet<string> Defects { get; } = new HashSet<string> { "looksam_po_adamw_as_documented" };
}
