using SamSharp.Kernels;
using SamSharp.Optimizers;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>The optimizers that are compared, each with the same settings in TorchSharp and here.</summary>
internal static class Bases
{
    // Small, since weights are moved many times along the same gradient.
    private const double LearningRate = 1e-6;

    public static Optimizer TorchAdamW(ParameterSet set) => optim.AdamW(set.Parameters, LearningRate);

    public static Optimizer TorchAdam(ParameterSet set) => optim.Adam(set.Parameters, LearningRate);

    public static Optimizer TorchSGD(ParameterSet set) => optim.SGD(set.Parameters, LearningRate, momentum: 0.9);

    /// <summary>Without state of its own.</summary>
    public static Optimizer PlainSGD(ParameterSet set) => optim.SGD(set.Parameters, LearningRate);

    public static Optimizer FusedAdamW(ParameterSet set) => new FusedAdamW(set.Parameters, LearningRate);

    public static Optimizer FusedAdam(ParameterSet set) => new FusedAdam(set.Parameters, LearningRate);

    public static Optimizer FusedSGD(ParameterSet set) => new FusedSGD(set.Parameters, LearningRate, momentum: 0.9);

    public static Optimizer Adafactor(ParameterSet set) => new Adafactor(set.Parameters, LearningRate);

    /// <summary>SAM around the fused AdamW for 16-bit weights that rounding does not stop.</summary>
    /// <param name="set">The parameters.</param>
    /// <param name="atRandom">Whether e and the steps are rounded at random.</param>
    /// <param name="masters">Whether steps are made on float32 weights.</param>
    public static SharpnessAwareOptimizer NarrowSam(ParameterSet set, bool atRandom, bool masters) => new(
        new FusedAdamW(set.Parameters, LearningRate) { StochasticRounding = atRandom, MasterWeights = masters },
        new SharpnessAwareOptions { StochasticRounding = atRandom });

    /// <summary>A base made sharpness-aware, with the default kernels if none are named.</summary>
    public static SharpnessAwareOptimizer Sam(Optimizer baseOptimizer, ITensorListKernels? kernels = null) =>
        new(baseOptimizer, new SharpnessAwareOptions { GivenKernels = kernels });
}
