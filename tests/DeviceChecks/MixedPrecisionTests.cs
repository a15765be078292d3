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

    /// <summary>Perturbations of 16-bit weights, with masters and without, and what base steps write: the CPU's bit for bit.</summary>
    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Rounding_at_random_gives_the_bits_of_the_CPU(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var place = CheckedDevice.Find().Place;
        long[] sizes = [10_007, 3, 40_000];
        var (exact, vectors) = (Array.ConvertAll(sizes, size => randn(size)), Array.ConvertAll(sizes, size => randn(size).to(type)));
        var weights = Array.ConvertAll(exact, tensor => tensor.to(type));
        weights[0].narrow(0, 0, 100).Fill(0.5); // which are not what their masters round to
        ulong[] keys = [0x0123_4567_89AB_CDEF, 7, ulong.MaxValue];

        Tensor[] Compute(Device device)
        {
            Tensor[] On(Tensor[] tensors) => Array.ConvertAll(tensors, tensor => tensor.to(device, copy: true));
            var (w, masters, v, scale) = (On(weights), On(exact), On(vectors), tensor(0.01f, device: device));
            Tensor[] Results() => Array.ConvertAll(w, tensor => empty_like(tensor));
            var (rounded, moved, adaptive, fromMasters) = (Results(), Results(), Results(), Results());
            KernelSets.Default.Round(rounded, masters, keys);
            KernelSets.Default.PerturbRounded(new(w, null, keys), moved, v, scale, null);
            KernelSets.Default.PerturbRounded(new(w, masters, keys), adaptive, v, scale, 0.1);
            KernelSets.Default.PerturbRounded(new(w, masters), fromMasters, v, scale, null);
            KernelSets.Default.TakeUpChanges(masters, w);
            return [.. rounded, .. moved, .. adaptive, .. fromMasters, .. masters];
        }

        foreach (var (here, there) in Compute(CPU).Zip(Compute(place))) Assert.True(here.eq(there.cpu()).all().item<bool>());
    }
}
