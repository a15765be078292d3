using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Updates;

/// <summary>
/// A whole update, everything but the passes through a model: ascent, restore and base step, against TorchSharp's AdamW step alone.
/// </summary>
public class UpdateBenchmark : UpdateBenchmarkBase
{
    private Optimizer _adamW = null!;
    private Optimizer _fusedAdamW = null!;
    private NaiveSam _naive = null!;
    private SharpnessAwareOptimizer _samAdamW = null!;
    private SharpnessAwareOptimizer _samFusedAdamW = null!;
    private SharpnessAwareOptimizer _samAdafactor = null!;

    [Params(ShapeSet.T5Small, ShapeSet.Tiny)]
    public ShapeSet Shapes { get; set; }

    [Benchmark(Baseline = true, Description = "TorchSharp's AdamW alone")]
    public void AdamW() => _adamW.step();

    [Benchmark(Description = "naive port, TorchSharp's AdamW")]
    public void Naive() => Update(_naive.Ascend, _naive.Descend);

    [Benchmark(Description = "SAM, TorchSharp's AdamW")]
    public void SamAdamW() => Update(_samAdamW.Ascend, _samAdamW.Descend);

    [Benchmark(Description = "FusedAdamW alone")]
    public void FusedAdamW() => _fusedAdamW.step();

    [Benchmark(Description = "SAM, FusedAdamW")]
    public void SamFusedAdamW() => Update(_samFusedAdamW.Ascend, _samFusedAdamW.Descend);

    [Benchmark(Description = "SAM, Adafactor")]
    public void SamAdafactor() => Update(_samAdafactor.Ascend, _samAdafactor.Descend);

    internal override ParameterSet MakeSet() => new(Shapes);

    private protected override int FloorBytes => 44;

    private protected override void MakeOptimizers()
    {
        _adamW = Own(Bases.TorchAdamW(Set));
        _naive = new NaiveSam(Set.Parameters, Own(Bases.TorchAdamW(Set)));
        _samAdamW = Own(Bases.Sam(Bases.TorchAdamW(Set)));
        _fusedAdamW = Own(Bases.FusedAdamW(Set));
        _samFusedAdamW = Own(Bases.Sam(Bases.FusedAdamW(Set)));
        _samAdafactor = Own(Bases.Sam(Bases.Adafactor(Set)));
    }
}
