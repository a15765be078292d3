using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests;

internal static class Close
{
    /// <summary>Asserts equal shapes and a largest absolute difference of at most <paramref name="tolerance"/>.</summary>
    public static void Equal(Tensor expected, Tensor actual, double tolerance, string what = "")
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var difference = (expected.to(float64) - actual.detach().to(float64)).abs().max().item<double>();
        Assert.True(difference <= tolerance, $"{what} differs by {difference:g3}, more than {tolerance:g3}");
    }

    /// <summary>Asserts |actual - expected| at most <paramref name="tolerance"/> times |expected|, Euclidean norms.</summary>
    public static void EqualRelative(Tensor expected, Tensor actual, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var difference = (expected.to(float64) - actual.detach().to(float64)).norm().item<double>();
        var norm = expected.to(float64).norm().item<double>();
        Assert.True(difference <= tolerance * norm, $"{what} differs by {difference:g3} at a norm of {norm:g3}");
    }
}
