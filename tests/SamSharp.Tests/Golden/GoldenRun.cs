using System.Text.Json;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Golden;

/// <summary>One run of a peer: its settings, its problem, and the numbers to be met.</summary>
internal sealed class GoldenRun
{
    private static readonly (string Part, double Bound)[] Looser = [("bisam_log", 1e-8), ("cagrad_exact", 1e-7)];

    private readonly double _absolute, _relative;

    public GoldenRun(GoldenSet set, string name, string precision, UpdateKernels kernels, BaseFamily bases)
    {
        Entry = set.Run(name);
        Kernels = kernels;
        Bases = bases;
        Dtype = precision == "f64" ? float64 : float32;
        // The README's recommended bounds; BiSAM's peer holds a constant in float32, and the minimum of CAGrad is not found exactly.
        (_absolute, _relative) = precision == "f64"
            ? (Looser.FirstOrDefault(looser => name.Contains(looser.Part, StringComparison.Ordinal)) is (not null, var bound) ? bound : 1e-9, 0)
            : (1e-5, 1e-5);
        Expected = Safetensors.ReadAll(GoldenFolder.At(set.Folder, Entry.GetProperty("files").GetProperty(precision).GetString()!));
        const string Weights = "traj.";
        Problem = new SamGoldenProblem(set, Dtype, Entry.GetProperty("has_unused_parameter").GetBoolean(), Expected.Keys
            .Where(key => key.StartsWith(Weights, StringComparison.Ordinal)).ToDictionary(key => key[Weights.Length..], key => Expected[key][0]));
    }

    public JsonElement Entry { get; }

    public JsonElement Settings => Entry.GetProperty("hyperparameters");

    public UpdateKernels Kernels { get; }

    public BaseFamily Bases { get; }

    public ScalarType Dtype { get; }

    public Dictionary<string, Tensor> Expected { get; }

    public SamGoldenProblem Problem { get; }

    public double Number(string setting) => Settings.GetProperty(setting).GetDouble();

    public int Whole(string setting) => Settings.GetProperty(setting).GetInt32();

    public string Text(string setting) => Settings.GetProperty(setting).GetString()!;

    public bool Is(string setting) => Settings.TryGetProperty(setting, out var value) && value.ValueKind == JsonValueKind.True;

    public bool Has(string setting) => Settings.TryGetProperty(setting, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The base optimizer that the index names, over all parameters in one group.</summary>
    public optim.Optimizer Base() => GoldenBase.Create(Entry, Bases, [(Problem.Parameters.Values.ToArray(), Settings)]);

    /// <summary>The optimizer under test: the named base, the given recipe, the kernels of this case.</summary>
    public SharpnessAwareOptimizer Wrap(SharpnessAwareOptions recipe, optim.Optimizer? baseOptimizer = null) =>
        new(baseOptimizer ?? Base(), recipe with { Module = Problem, Kernels = Kernels });

    /// <summary>Every step with one closure for both passes; losses and weights are the peer's.</summary>
    /// <param name="recipe">What is driven.</param>
    /// <param name="baseOptimizer">Its base; the one that the index names if left out.</param>
    /// <param name="further">Which of several further losses that the file has for a step is the one at w + e.</param>
    [InDisposeScope]
    public void Drive(SharpnessAwareOptions recipe, optim.Optimizer? baseOptimizer = null, Index further = default)
    {
        using var optimizer = Wrap(recipe, baseOptimizer);
        for (var t = 0; t < Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => Problem.Backward(t));
            Near("loss", t, loss);
            if (optimizer.LastStep.Perturbed && Expected.ContainsKey("loss_adv"))
                NearLoss("loss_adv", t, further, optimizer.LastStep.PerturbedLoss);
            WeightsNear(t);
        }
    }

    /// <summary>One of the losses of a step.</summary>
    public void NearLoss(string what, int step, Index which, double actual)
    {
        using var scope = NewDisposeScope();
        var losses = Expected[what][step].to(float64).reshape(-1);
        Near(what, losses[which.GetOffset((int)losses.shape[0])].unsqueeze(0), tensor(actual).unsqueeze(0));
    }

    /// <summary>The weights after a step, from 0, are the peer's.</summary>
    public void WeightsNear(int step)
    {
        foreach (var (name, value) in Problem.Parameters) Near($"traj.{name}", step + 1, value);
    }

    /// <summary>A tensor is the given row of one in the run's file.</summary>
    public void Near(string what, int row, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Near($"{what}[{row}]", Expected[what][row], actual);
    }

    /// <summary>A tensor is another one, to the tolerance of the run.</summary>
    public void Near(string what, Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        var (e, a) = (expected.to(float64).reshape(-1), actual.detach().to(float64).reshape(-1));
        Assert.Equal(e.shape, a.shape);
        var excess = ((a - e).abs() - e.abs().Times(_relative).Plus(_absolute)).max().item<double>();
        Assert.True(excess <= 0, $"{what}: expected {Text(e)}, got {Text(a)}");
        static string Text(Tensor tensor) => tensor.ToString(TorchSharp.TensorStringStyle.Numpy);
    }

    /// <summary>The name of a slot's parameter.</summary>
    public string NameOf(ParameterSlot slot) => Problem.Parameters.First(p => ReferenceEquals(p.Value, slot.Parameter)).Key;

    public Parameter ParameterOf(string name) => Problem.Parameters[name];
}
