using SamSharp.Tests.Kernels.Ptx;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>A launch takes 120 tensors. Where only tensors without elements are left for the next one, there is none: a launch of no blocks is an
/// error, after which the kernels would never be used again.</summary>
[TensorScope]
public class EmptyLaunchTests
{
    [Theory]
    [InlineData(120, 1, 1)]
    [InlineData(120, 130, 1)]
    [InlineData(119, 5, 1)]
    [InlineData(240, 3, 2)]
    public void Tensors_without_elements_at_the_end_make_no_launch(int full, int empty, int launches)
    {
        var kernels = PtxDevice.Kernels();
        var sums = Enumerable.Range(0, full + empty).Select(i => i < full ? ones(2) : zeros(0)).ToArray();
        kernels.Accumulate(sums, Array.ConvertAll(sums, sum => ones_like(sum)), 1);
        Assert.All(sums[..full], sum => Assert.Equal(2, sum[0].item<float>()));
        Assert.DoesNotContain("not used", kernels.Status, StringComparison.Ordinal);
        Assert.Contains($"used, {launches} launches so far", kernels.Status, StringComparison.Ordinal);
        Assert.Equal(Math.Sqrt(8 * full), kernels.Norm(sums).item<float>(), 1e-3);
        Assert.DoesNotContain("not used", kernels.Status, StringComparison.Ordinal);
    }
}
