using SamSharp.Kernels;
using TorchSharp.Modules;

namespace SamSharp.DeviceChecks;

/// <summary>Autocast, loss scale and rounding at random on the device.</summary>
public sealed class MixedPrecisionTests
{
    [Fact]
    public void Autocast_computes_in_16_bits_there()
    {
        using var scope = NewDisposeScope();
        var place = CheckedDevice.Find().Place;
        var (x, weight) = (ones(4, 8, device: place), new Parameter(ones(8, 2, device: place)));
        using (Autocast.BFloat16(place)) Assert.Equal(bfloat16, x.matmul(weight).dtype);
        using (Autocast.Float16(place)) Assert.Equal(float16, x.matmul(weight).dtype);
        Assert.Equal(float32, x.matmul(weight).dtype);
        Assert.Null(Autocast.TypeOn(place));
    }

    /// <summary>A scope around whole steps, whose second pass would see the copies of the first.</summary>
    [Fact]
    public void The_second_pass_sees_the_perturbed_weights()
    {
        using var scope = NewDisposeScope();
        var place = CheckedDevice.Find().Place;
        var (x, weight) = (ones(4, 8, device: place), new Parameter(ones(8, 2, device: place)));
        using var optimizer = optim.SGD([weight], 0.1).WithSharpnessAwareness(rho: 2);
        using (Autocast.BFloat16(place))
        {
            optimizer.Step(() =>
            {
                var loss = x.matmul(weight).to(float32).sum();
                loss.backward();
                return loss;
            });
        }
        Assert.Equal(64, optimizer.LastStep.Loss, 0.5);
        Assert.Equal(64 + 32, optimizer.LastStep.PerturbedLoss, 0.5); // e is 0.5 for each of 16 weights
    }

    [Fact]
    public void A_scaled_loss_leads_where_an_unscaled_one_does_and_an_overflow_halves_the_scale()
    {
        using var scope = NewDisposeScope();
        var place = CheckedDevice.Find().Place;
        Parameter Train(LossScaler? scaler, out double scale)
        {
            var weight = new Parameter(ones(8, 2, device: place));
            using var optimizer = optim.SGD([weight], 0.01).WithSharpnessAwareness(new SharpnessAwareOptions { LossScaler = scaler });
            for (var step = 0; step < 3; step++)
            {
                optimizer.Step(() =>
                {
                    var loss = weight.Squared().sum();
                    optimizer.Backward(loss);
                    if (scaler is not null && step == 2) weight.grad!.MultiplyBy(double.PositiveInfinity);
                    return loss;
                });
                if (scaler is null && step == 1) break;
            }
            scale = optimizer.LossScale;
            return weight;
        }

        using var expected = Train(null, out _);
        using var actual = Train(new LossScaler(InitialScale: 1024), out var scale);
        Assert.True(expected.eq(actual).all().item<bool>());
        Assert.Equal(512, scale);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Rounding_at_random_gives_the_bits_of_the_CPU(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var source = randn(10_007);
        var (here, there) = (empty_like(source, dtype: type), empty_like(source, dtype: type, device: CheckedDevice.Find().Place));
        StochasticRounding.Round(here, source, key: 0x0123_4567_89AB_CDEF);
        StochasticRounding.Round(there, source.to(there.device), key: 0x0123_4567_89AB_CDEF);
        Assert.True(here.eq(there.cpu()).all().item<bool>());
    }
}
