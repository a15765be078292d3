using System.Text.Json;
using SamSharp.Geometries;
using SamSharp.Kernels;
using SamSharp.Parameters;
using SamSharp.Radii;

namespace SamSharp.Tests.Golden;

/// <summary>Ten steps of official and widely used implementations, whatever runs of these peers the index lists.</summary>
public class SamGoldenTests
{
    private static readonly string[] Peers = ["davda54/sam", "SamsungLabs/ASAM", "mosaicml/composer"];
    private static readonly JsonElement Index = GoldenFolder.Json("sam", "index.json");

    private static readonly Dictionary<string, ITensorListKernels> Kernels = new()
    {
        ["vectorized"] = UpdateKernels.Vectorized,
        ["multi-tensor"] = UpdateKernels.MultiTensor,
        ["reference"] = UpdateKernels.Reference,
    };

    public static TheoryData<string, string, string> Runs()
    {
        var runs = new TheoryData<string, string, string>();
        foreach (var run in Index.GetProperty("runs").EnumerateObject().Where(run => Peers.Contains(run.Value.GetProperty("peer").GetString())))
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
        var run = Index.GetProperty("runs").GetProperty(name);
        var dtype = precision == "f64" ? float64 : float32;
        var (absolute, relative) = precision == "f64" ? (1e-9, 0) : (1e-5, 1e-5);
        var expected = SafetensorsFile.ReadAll(GoldenFolder.At("sam", run.GetProperty("files").GetProperty(precision).GetString()!));
        var problem = new SamGoldenProblem(Index.GetProperty("model"), dtype, run.GetProperty("has_unused_parameter").GetBoolean());
        using var optimizer = Wrap(run, problem, Kernels[kernels]);

        for (var t = 0; t < problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => problem.Backward(t));

            AssertClose(expected["loss"][t], loss, absolute, relative, $"loss of step {t + 1}");
            if (optimizer.LastStep.Perturbed && expected.TryGetValue("loss_adv", out var adversarial))
                AssertClose(adversarial[t], tensor(optimizer.LastStep.PerturbedLoss, dtype), absolute, relative, $"perturbed loss of step {t + 1}");
            foreach (var (parameter, value) in problem.Parameters)
                AssertClose(expected[$"traj.{parameter}"][t + 1], value, absolute, relative, $"{parameter} after step {t + 1}");
        }
    }

    [Fact]
    public void There_are_runs_of_every_peer()
    {
        var peers = Index.GetProperty("runs").EnumerateObject().Select(run => run.Value.GetProperty("peer").GetString());
        Assert.All(Peers, peer => Assert.Contains(peer, peers));
    }

    private static SharpnessAwareOptimizer Wrap(JsonElement run, SamGoldenProblem problem, ITensorListKernels kernels)
    {
        var settings = run.GetProperty("hyperparameters");
        var perGroup = settings.TryGetProperty("constructor", out var constructor);
        var common = perGroup ? constructor : settings;
        var names = perGroup ? GroupNames(settings, problem) : [problem.Parameters.Keys.ToArray()];
        var groups = names.Select((_, g) => perGroup ? settings.GetProperty($"group{g}") : settings).ToArray();
        double RhoOf(JsonElement group) => (group.TryGetProperty("rho", out var rho) ? rho : common.GetProperty("rho")).GetDouble();
        bool IsAdaptive(JsonElement group) =>
            (group.TryGetProperty("adaptive", out var own) || common.TryGetProperty("adaptive", out own)) && own.GetBoolean();

        IGeometry geometry = settings.TryGetProperty("eta", out var eta) ? new AdaptiveGeometry(eta.GetDouble(), AdaptiveGeometry.NamedWeights)
            : groups.Any(IsAdaptive) ? new AdaptiveGeometry(kappa: 0, slot => IsAdaptive(groups[slot.Group]))
            : new EuclideanGeometry(settings.TryGetProperty("epsilon", out var floor) ? floor.GetDouble() : 1e-12);
        return new SharpnessAwareOptimizer(
            GoldenBase.Create(run, names.Select((members, g) => (members.Select(m => problem.Parameters[m]).ToArray(), groups[g])).ToArray()),
            new SharpnessAwareOptions
            {
                Rho = RhoOf(common),
                Radius = settings.TryGetProperty("interval", out var k) ? RadiusSchedule.Every(k.GetInt32()) : RadiusSchedule.Constant,
                Geometry = geometry,
                Groups = groups.Select(group => new SharpnessGroup { Rho = RhoOf(group) }).ToArray(),
                Module = problem,
                Kernels = kernels,
            });
    }

    /// <summary>Names are listed for all groups but the last, which says in words that it has the others.</summary>
    private static string[][] GroupNames(JsonElement settings, SamGoldenProblem problem)
    {
        var listed = Enumerable.Range(0, 100).Select(g => settings.TryGetProperty($"group{g}_parameters", out var members) ? members : default)
            .TakeWhile(members => members.ValueKind != JsonValueKind.Undefined)
            .Where(members => members.ValueKind == JsonValueKind.Array)
            .Select(members => members.EnumerateArray().Select(m => m.GetString()!).ToArray()).ToList();
        return [.. listed, problem.Parameters.Keys.Except(listed.SelectMany(l => l)).ToArray()];
    }

    private static void AssertClose(Tensor expected, Tensor actual, double absolute, double relative, string what)
    {
        using var scope = NewDisposeScope();
        var (e, a) = (expected.to(float64).reshape(-1), actual.detach().to(float64).reshape(-1));
        var excess = ((a - e).abs() - (absolute + relative * e.abs())).max().item<double>();
        Assert.True(excess <= 0, $"{what}: expected {e.ToString(TorchSharp.TensorStringStyle.Numpy)}, got {a.ToString(TorchSharp.TensorStringStyle.Numpy)}");
    }
}
