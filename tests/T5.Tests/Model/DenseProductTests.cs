using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Tests.Model;

/// <summary>A linear map as a convolution beside libtorch's own in float64.</summary>
[TensorScope]
public class DenseProductTests
{
    private const int Inputs = 24, Outputs = 40;

    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(32, true)]
    public void A_convolution_has_the_values_and_derivatives_of_a_product(int images, bool bias)
    {
        manual_seed(1);
        var (input, weight, addend) = (randn(16, 20, Inputs), randn(Outputs, Inputs), bias ? randn(Outputs) : null);
        Tensor?[] drawn = [input, weight, addend];
        var expected = Derivatives(functional.linear, [.. drawn.Select(tensor => tensor?.to(float64))]);
        var actual = Derivatives((x, w, b) => DenseProduct.ByConvolution(x, w, b, images), drawn);
        Assert.Equal([16, 20, Outputs], actual[0].shape);
        Assert.Equal(bias ? 7 : 5, actual.Count);
        foreach (var (one, other) in expected.Zip(actual))
            AssertNear(one, other);
    }

    /// <summary>Rows that do not lie one after the other in memory are copied, as a product copies them.</summary>
    [Fact]
    public void Rows_may_lie_in_any_order()
    {
        var (input, weight) = (randn(20, 16, Inputs).transpose(0, 1), randn(Outputs, Inputs));
        AssertNear(functional.linear(input, weight).to(float64), DenseProduct.ByConvolution(input, weight, null, 16));
    }

    [Theory]
    [InlineData(16, 16, 16)]
    [InlineData(17, 17, 17)]
    [InlineData(6, 49, 21)]
    [InlineData(1, 300, 20)]
    [InlineData(15, 17, null)] // 255
    [InlineData(1, 257, null)]
    [InlineData(2, 149, null)]
    public void Rows_divide_into_images(int batch, int length, int? images)
    {
        using var input = zeros(batch, length, Inputs);
        using var weight = zeros(Outputs, Inputs);
        Assert.Equal(images, DenseProduct.Images(input, weight));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, ScalarType.BFloat16)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.Float64, ScalarType.Float64)]
    public void Other_numbers_than_float32_are_multiplied_as_matrices(ScalarType input, ScalarType weight)
    {
        using var rows = zeros(16, 16, Inputs, dtype: input);
        using var map = zeros(Outputs, Inputs, dtype: weight);
        Assert.Null(DenseProduct.Images(rows, map));
    }

    // The product, the gradients of a function of it, and the gradients of those gradients' squares.
    private static List<Tensor> Derivatives(Func<Tensor, Tensor, Tensor?, Tensor> product, Tensor?[] arguments)
    {
        var leaves = arguments.OfType<Tensor>().Select(tensor => tensor.detach().requires_grad_()).ToArray();
        var value = product(leaves[0], leaves[1], leaves.ElementAtOrDefault(2));
        var gradients = autograd.grad([value.tanh().sum()], leaves, retain_graph: true, create_graph: true);
        var squares = gradients.Select(gradient => gradient.Squared().sum()).Aggregate((one, other) => one.Plus(other));
        return [value, .. gradients, .. autograd.grad([squares], leaves)];
    }

    private static void AssertNear(Tensor expected, Tensor actual)
    {
        Assert.Equal(ScalarType.Float32, actual.dtype);
        var difference = (expected - actual.to(float64)).abs().max().ReadDouble() / expected.abs().max().ReadDouble();
        Assert.True(difference < 1e-5, $"{difference}");
    }
}
