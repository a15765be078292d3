using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <summary>How the runs of each peer's class are made with this library; the settings come from the index.</summary>
[InDisposeScope]
internal static partial class GoldenPeers
{
    /// <summary>By "repository: class", as the index names them.</summary>
    public static IReadOnlyDictionary<string, Action<GoldenRun>> All { get; } =
        new[] { Core, Geometry, Around, History, Combination, Noise, Objectives, Forgetting, Points, Tasks, Posteriors, Layers, Optimizers, Derived }
            .SelectMany(family => family).ToDictionary();

    /// <summary>Runs that an independent program computed from the text of a method.</summary>
    private static Dictionary<string, Action<GoldenRun>> Derived => new()
    {
        ["derivation: universal SAM"] = Universal,
        ["derivation: TRAM"] = Tram,
        ["derivation: FS-MTL"] = SeveralTasks,
        ["derivation: SA-BNN"] = FlatPosterior,
    };

    /// <summary>Runs that keep a defect of their peer, kept to recognize it.</summary>
    public static IReadOnlySet<string> Defects { get; } = new HashSet<string> { "looksam_po_adamw_as_documented" };

    /// <summary>The draws of a run's file; zeros for a parameter that has none there.</summary>
    private sealed class GivenNoise(GoldenRun run, Func<string, long, int, Tensor> draws, string kind = "noise") : INoise
    {
        public Tensor Sample(ParameterSlot slot, long number, int draw) => run.Expected.ContainsKey($"{kind}.{run.NameOf(slot)}")
            ? draws(run.NameOf(slot), number, draw)
            : zeros_like(slot.Parameter, requires_grad: false);
    }
}
