using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using TorchSharp;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Updates;

/// <summary>
/// A whole update, everything but the passes through a model: ascent, restore and base step, against TorchSharp's AdamW step alone. The second gradient is put in place between the
/// phases, which is measured too; "gradients alone" is what it costs.
/// </summary>
[BenchmarkCategory("update")]
public class UpdateBenchmark
{
    private ParameterSet _set = null!;
    private Optimizer _adamW = null!;
    private NaiveSam _naive = null!;
    private SharpnessAwareOptimizer _samAdamW = null!;
    private Optimizer _fusedAdamW = null!;
    private SharpnessAwareOptimizer _samFusedAdamW = null!;
    private SharpnessAwareOptimizer _samAdafactor = null!;

    [Params(ShapeSet.T5Small, ShapeSet.Tiny)]
    public ShapeSet Shapes { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        torch.set_num_threads(Threads);
        _set = new ParameterSet(Shapes);
        _adamW = Bases.TorchAdamW(_set);
        _naive = new NaiveSam(_set.Parameters, Bases.TorchAdamW(_set));
        _samAdamW = Bases.Sam(Bases.TorchAdamW(_set));
        _fusedAdamW = Bases.FusedAdamW(_set);
        _samFusedAdamW = Bases.Sam(Bases.FusedAdamW(_set));
        _samAdafactor = Bases.Sam(Bases.Adafactor(_set));
    }

    [IterationSetup]
    public void SetGradients() => _set.SetGradients();

    [Benchmark(Baseline = true, Description = "TorchSharp's AdamW alone")]
    public void AdamW() => _adamW.step();

    [Benchmark(Description = "naive port, TorchSharp's AdamW")]
    public void Naive()
    {
        _naive.Ascend();
        _set.SetGradients();
        _naive.Descend();
    }

    [Benchmark(Description = "SAM, TorchSharp's AdamW")]
    public void SamAdamW() => Update(_samAdamW);

    [Benchmark(Description = "FusedAdamW alone")]
    public void FusedAdamW() => _fusedAdamW.step();

    [Benchmark(Description = "SAM, FusedAdamW")]
    public void SamFusedAdamW() => Update(_samFusedAdamW);

    [Benchmark(Description = "SAM, Adafactor")]
    public void SamAdafactor() => Update(_samAdafactor);

    [Benchmark(Description = "gradients alone")]
    public void GradientsAlone() => _set.SetGradients();

    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var optimizer in new[] { _adamW, _fusedAdamW, _samAdamW, _samFusedAdamW, _samAdafactor }) optimizer.Dispose();
        _set.Dispose();
    }

    private void Update(SharpnessAwareOptimizer optimizer)
    {
        optimizer.Ascend();
        _set.SetGradients();
        optimizer.Descend();
    }
}
