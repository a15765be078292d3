using SamSharp.Kernels;
using SamSharp.Tests.Kernels.Ptx;

namespace SamSharp.Tests.Kernels;

/// <summary>Implementations of the kernels, for tests of each.</summary>
internal static class KernelCandidates
{
    private const string OnPtx = "CUDA, its PTX run here";

    /// <summary>What is compared with the reference.</summary>
    public static IReadOnlyDictionary<string, Func<ITensorListKernels>> All { get; } = new Dictionary<string, Func<ITensorListKernels>>
    {
        ["default"] = () => KernelSets.Default,
        ["vectorized"] = () => KernelSets.Vectorized,
        ["multi-tensor"] = () => KernelSets.MultiTensor,
        [OnPtx] = () => PtxDevice.Kernels(),
    };

    /// <summary>One of them, or the reference itself.</summary>
    public static ITensorListKernels Named(string name) => name == "reference" ? KernelSets.Reference : All[name]();

    /// <summary>That the kernels ran themselves, where they can: a fallback would pass every comparison.</summary>
    public static void AssertLaunched(ITensorListKernels kernels, int launches)
    {
        if (kernels is not CudaKernels cuda) return;
        Assert.Equal(launches, cuda.Launches);
        Assert.DoesNotContain("not used, since", cuda.Status, StringComparison.Ordinal);
    }

    public static double Value(Tensor scalar)
    {
        using var wide = scalar.to(float64);
        return wide.item<double>();
    }
}
