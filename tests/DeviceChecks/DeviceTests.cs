using System.Globalization;
using SamSharp.Kernels;

namespace SamSharp.DeviceChecks;

/// <summary>Whether anything works on the device at all, and whether SAM does the same there as on the CPU.</summary>
public sealed class DeviceTests(ITestOutputHelper output)
{
    private const int Steps = 3;
    private const double Tolerance = 1e-5;

    [Fact]
    public void A_product_of_ones_is_right()
    {
        using var scope = NewDisposeScope();
        var device = CheckedDevice.Find();
        output.WriteLine($"{device}; TorchSharp {typeof(torch).Assembly.GetName().Version}, libtorch {__version__}; kernels of our own for CUDA: " +
            $"{KernelSets.CudaStatus}");
        Assert.True(ones(2, 3, device: device.Place).mm(ones(3, 2, device: device.Place)).eq(tensor(3f, device: device.Place)).all().item<bool>());
    }

    [Fact]
    public void A_backward_pass_gives_the_slope()
    {
        using var scope = NewDisposeScope();
        var x = tensor(3f, device: CheckedDevice.Find().Place, requires_grad: true);
        x.Squared().backward();
        Assert.Equal(6, x.grad!.item<float>());
    }

    [Fact]
    public void Steps_of_SAM_lead_where_they_do_on_the_CPU()
    {
        using var scope = NewDisposeScope();
        using SmallTraining here = new(CPU), there = new(CheckedDevice.Find().Place);
        for (var step = 1; step <= Steps; step++)
        {
            var difference = (here.Step() - there.Step()).abs().max().item<float>();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step}: weights differ by {difference:0.0e+00} at most"));
            Assert.InRange(difference, 0, Tolerance);
        }
    }

    [Fact]
    public void An_ascent_moves_the_weights_and_they_come_back_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var training = new SmallTraining(CheckedDevice.Find().Place);
        var (before, perturbed, restored) = training.ThereAndBack();
        Assert.NotEqual(before.bytes.ToArray(), perturbed.bytes.ToArray());
        Assert.Equal(before.bytes.ToArray(), restored.bytes.ToArray());
    }
}
