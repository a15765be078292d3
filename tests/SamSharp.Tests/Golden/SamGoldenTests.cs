namespace SamSharp.Tests.Golden;

/// <summary>Ten steps of official and widely used implementations, every run that the index lists.</summary>
public class SamGoldenTests
{
    private static readonly Dictionary<string, UpdateKernels> Kernels = new()
    {
        ["vectorized"] = UpdateKernels.Automatic,
        ["multi-tensor"] = UpdateKernels.MultiTensor,
        ["reference"] = UpdateKernels.Reference,
    };

    public static TheoryData<string, string, string> Runs()
    {
        var runs = new TheoryData<string, string, string>();
        foreach (var run in GoldenRun.Index.GetProperty("runs").EnumerateObject().Where(run => GoldenPeers.All.ContainsKey(GoldenRun.PeerOf(run.Name)) && !GoldenPeers.Defects.Contains(run.Name)))
        {
            foreach (var file in run.Value.GetProperty("files").EnumerateObject())
            {
                foreach (var kernels in Kernels.Keys) runs.Add(run.Name, file.Name, kernels);
            }
        }
        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void The_trajectory_is_the_peers(string name, string precision, string kernels)
    {
        using var scope = NewDisposeScope();
        GoldenPeers.All[GoldenRun.PeerOf(name)](new GoldenRun(name, precision, Kernels[kernels]));
    }

    [Fact]
    public void Every_run_is_reproduced_but_for_those_that_show_a_peer_s_defect()
    {
        var runs = GoldenRun.Index.GetProperty("runs").EnumerateObject().Select(run => run.Name).ToArray();
        var driven = Runs().Select(run => (string)run[0]).Distinct().ToArray();
        Assert.Equal(72, runs.Length);
        Assert.Equal(["bsam_po", "friendlysam_po_sgd", "looksam_po_adamw_as_documented"], runs.Except(driven).Order());
    }

    [Fact]
    public void There_are_runs_of_every_peer()
    {
        var peers = GoldenRun.Index.GetProperty("runs").EnumerateObject().Select(run => GoldenRun.PeerOf(run.Name)).ToHashSet();
        Assert.All(GoldenPeers.All.Keys, peer => Assert.Contains(peer, peers));
    }
}
