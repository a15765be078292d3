using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Adafactor reads and writes bfloat16 weights as they are, and computes as for float32.</summary>
[TensorScope]
public class AdafactorNarrowTests
{
    private static readonly long[][] Shapes = [[33, 70], [5], [300_001], [3, 4, 17], [1030, 1030], [1, 1]];

    /// <summary>To the nearest a step is that of float32 weights, rounded once; with masters it is that of float32 weights.</summary>
    [Theory]
    [InlineData(0, true, false)]
    [InlineData(0.9, true, false)]
    [InlineData(0, false, false)]
    [InlineData(0, true, true)]
    [InlineData(0.9, false, true)]
    public void A_step_is_that_of_float32_rounded_once(double beta1, bool scale, bool masters)
    {
        using var generator = new Generator(4);
        Parameter[] narrow = [.. Shapes.Select(shape => new Parameter(randn(shape, generator: generator).to(bfloat16)))];
        Parameter[] wide = [.. narrow.Select(weight => new Parameter(weight.detach().to(float32)))];
        Adafactor Of(Parameter[] weights) => new(weights, 0.05, beta1: beta1, scaleParameter: scale, weightDecay: 0.1);
        using var optimizer = Of(narrow);
        using var expected = Of(wide);
        optimizer.MasterWeights = masters;
        for (var t = 0; t < 3; t++)
        {
            using var scope = NewDisposeScope();
            foreach (var (one, other) in narrow.Zip(wide))
            {
                one.grad = randn(one.shape, generator: generator).to(bfloat16);
                other.grad = one.grad.to(float32);
                using (no_grad())
                {
                    if (!masters) other.copy_(one);
                }
            }
            optimizer.step();
            expected.step();
            foreach (var (one, other) in narrow.Zip(wide)) Close.Bits(other.detach().to(bfloat16), one.detach());
        }
    }

    /// <summary>What something else writes to a weight reaches its master, from which the step goes on.</summary>
    [Fact]
    public void A_changed_weight_is_taken_up()
    {
        var weight = new Parameter(ones(40, 33, dtype: bfloat16));
        using var optimizer = new Adafactor([weight], 1e-4, scaleParameter: true) { MasterWeights = true };
        for (var t = 0; t < 2; t++)
        {
            weight.grad = ones_like(weight, requires_grad: false);
            optimizer.step();
            if (t > 0) break;
            using var noGradient = no_grad();
            weight.Fill(3);
        }
        // RMS(w) = 3 and RMS(d) = 1, so that the step is 1e-4 times 3: less than the spacing of bfloat16 there.
        Assert.Equal(3, weight.detach()[0, 0].to(float64).item<double>());
        Assert.Equal(3 - 3e-4, ((Steps.IGuardedOptimizer)optimizer).MasterOf(weight)![0, 0].item<float>(), 1e-5);
    }
}
