namespace SamSharp.Tests.Support;

internal static class Close
{
    public static void To(double[] expected, double[] actual, double tolerance = 1e-8)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance,
                $"[{string.Join(", ", expected)}] expected, got [{string.Join(", ", actual)}]");
    }

    public static void To(Tensor expected, Tensor actual, double tolerance = 1e-12)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var difference = (expected.to(float64) - actual.to(float64)).abs().max().item<double>();
        Assert.True(difference <= tolerance, $"largest difference {difference}, at most {tolerance} expected");
    }

    /// <summary>The same bits; 0 and -0 differ, equal NaNs do not.</summary>
    public static void Bits(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        using var scope = NewDisposeScope();
        Assert.True(expected.detach().contiguous().cpu().bytes.SequenceEqual(actual.detach().contiguous().cpu().bytes), "the bits differ");
    }
}
