namespace SamSharp.Tests.Golden;

/// <summary>Ten steps of official and widely used implementations: every run of every folder that a recipe reproduces.</summary>
public class SamGoldenTests
{
    private static readonly Dictionary<string, UpdateKernels> Kernels = new()
    {
        ["vectorized"] = UpdateKernels.Automatic,
        ["multi-tensor"] = UpdateKernels.MultiTensor,
        ["reference"] = UpdateKernels.Reference,
    };

    private static readonly Dictionary<string, Func<UpdateKernels, BaseFamily>> Bases = new()
    {
        ["TorchSharp"] = _ => new TorchBases(),
        ["fused"] = kernels => new FusedBases(kernels),
    };

    public static TheoryData<string, string, string, string, string> Runs()
    {
        var cases = from set in GoldenSet.All.Values
                    from name in set.Driven
                    from file in set.Run(name).GetProperty("files").EnumerateObject()
                    from kernels in Kernels.Keys
                    from bases in Bases.Keys
                    select (set.Folder, name, file.Name, kernels, bases);
        var runs = new TheoryData<string, string, string, string, string>();
        foreach (var (folder, name, precision, kernels, bases) in cases) runs.Add(folder, name, precision, kernels, bases);
        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void The_trajectory_is_the_peers(string folder, string name, string precision, string kernels, string bases)
    {
        using var scope = NewDisposeScope();
        var set = GoldenSet.All[folder];
        var run = new GoldenRun(set, name, precision, Kernels[kernels], Bases[bases](Kernels[kernels]));
        GoldenPeers.All[set.PeerOf(name)](run);
    }

    /// <summary>In <c>sam</c> all but those that show a peer's defect.</summary>
    [SkippableTheory]
    [InlineData("sam", 72, 3)]
    [InlineData("sam2", 102, 0)]
    public void The_runs_that_are_not_driven_are_counted(string folder, int runs, int notDriven)
    {
        Skip.IfNot(GoldenFolder.IsBundled, "Another set has other runs.");
        var set = GoldenSet.All[folder];
        Assert.Equal(runs, set.Runs.Count());
        var others = set.Runs.Except(set.Driven).Order().ToArray();
        Assert.True(notDriven == others.Length, $"{others.Length} runs are not driven: {string.Join(", ", others)}");
    }

    [SkippableFact]
    public void Every_run_is_reproduced_but_for_those_that_show_a_peer_s_defect()
    {
        Skip.IfNot(GoldenFolder.IsBundled, "Another set has other runs.");
        var set = GoldenSet.All["sam"];
        Assert.Equal(72, set.Runs.Count());
        Assert.Equal(["bsam_po", "friendlysam_po_sgd", "looksam_po_adamw_as_documented"], set.Runs.Except(set.Driven).Order());
    }

    [SkippableFact]
    public void No_folder_of_runs_goes_uncounted()
    {
        Skip.IfNot(GoldenFolder.IsBundled, "Another set has other folders.");
        Assert.Equal(["sam", "sam2"], GoldenSet.All.Keys.Order());
    }

    [SkippableFact]
    public void There_are_runs_of_every_peer()
    {
        Skip.IfNot(GoldenFolder.IsBundled, "Another set has other runs.");
        var peers = GoldenSet.All.Values.SelectMany(set => set.Runs.Select(set.PeerOf)).ToHashSet();
        Assert.All(GoldenPeers.All.Keys, peer => Assert.Contains(peer, peers));
    }
}
