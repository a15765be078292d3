using SamSharp.Kernels;
using SamSharp.Optimizers;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>The optimizers that are compared, with equal settings.</summary>
internal static class Bases
{
    public static Optimizer TorchAdamW(ParameterSet set) => optim.AdamW(set.Parameters, lr: LearningRate);

    public static Optimizer Adafactor(ParameterSet set) => new Adafactor(set.Parameters, lr: LearningRate);

    /// <summary>A base made sharpness-aware, with the default kernels if none are named.</summary>
    public static SharpnessAwareOptimizer Sam(Optimizer baseOptimizer, ITensorListKernels? kernels = null) =>
        new(baseOptimizer, new SharpnessAwareOptions { Kernels = kernels ?? UpdateKernels.Vectorized });

    // Small, since weights are moved thousands of times along the same gradient.
    private const double LearningRate = 1e-6;
}
