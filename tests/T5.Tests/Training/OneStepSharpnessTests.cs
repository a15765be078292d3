using SamSharp.Samples.T5.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Training;

public class OneStepSharpnessTests
{
    // L = (3 x^2 + 0 y^2) / 2 + 4 y: gradient (3x, 4).
    private static OneStepSharpness.Part Part(Parameter x, Parameter y, double weight)
        => new(() => 1.5 * x.square().sum() + 4 * y.sum(), weight);

    [Fact]
    public void It_is_the_loss_climbed_along_the_gradient()
    {
        using var x = new Parameter(tensor(1.0));
        using var y = new Parameter(tensor(2.0));
        // |g| = 5; with rho 0.5 x climbs by 0.3, y by 0.4.
        var expected = 1.5 * (1.3 * 1.3 - 1) + 4 * 0.4;
        Assert.Equal(expected, OneStepSharpness.Measure([x, y], [Part(x, y, 1)], rho: 0.5), 6);
        Assert.Equal(expected, OneStepSharpness.Measure([x, y], [Part(x, y, 1), Part(x, y, 3)], rho: 0.5), 6);
    }

    [Fact]
    public void Each_batch_climbs_its_own_gradient()
    {
        using var x = new Parameter(tensor(1.0));
        // Slopes 2 and -2 cancel in the mean loss, whose own sharpness would be 0.
        OneStepSharpness.Part Slope(double slope, double weight) => new(() => x * slope, weight);
        Assert.Equal(2 * 0.5, OneStepSharpness.Measure([x], [Slope(2, 1), Slope(-2, 1)], rho: 0.5), 6);
        Assert.Equal((2 * 1 + 4 * 3) * 0.5 / 4, OneStepSharpness.Measure([x], [Slope(2, 1), Slope(-4, 3)], rho: 0.5), 6);
    }

    [Fact]
    public void Weights_come_back_bit_for_bit_and_gradients_are_cleared()
    {
        random.manual_seed(5);
        using var x = new Parameter(randn(1000) * 1e-3);
        using var y = new Parameter(randn(7, 3) * 1e3);
        var (oldX, oldY) = (x.data<float>().ToArray(), y.data<float>().ToArray());
        OneStepSharpness.Measure([x, y], [Part(x, y, 1)], rho: 0.05);
        Assert.Equal(oldX, x.data<float>().ToArray());
        Assert.Equal(oldY, y.data<float>().ToArray());
        Assert.Null(x.grad);
        Assert.Null(y.grad);
    }

    [Fact]
    public void Weights_come_back_when_the_loss_throws()
    {
        using var x = new Parameter(tensor(1.0));
        var calls = 0;
        Assert.Throws<InvalidOperationException>(() => OneStepSharpness.Measure(
            [x], [new(() => ++calls == 2 ? throw new InvalidOperationException() : x * x, 1)], rho: 0.5));
        Assert.Equal(1.0, x.item<double>());
    }

    [Fact]
    public void At_a_flat_point_it_is_zero()
    {
        using var x = new Parameter(tensor(0.0));
        Assert.Equal(0, OneStepSharpness.Measure([x], [new(() => x * x, 1)], rho: 0.5));
    }
}
