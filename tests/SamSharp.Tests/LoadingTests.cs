namespace SamSharp.Tests;

[TensorScope]
public class LoadingTests
{
    [Fact]
    public void The_native_library_loads_and_multiplies()
    {
        using var product = ones(2, 3).matmul(ones(3, 2));
        Assert.Equal(3f, product[0, 0].item<float>());
    }
}
