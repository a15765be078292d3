using System.Globalization;
using SamSharp.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>Whether anything works there at all, and whether SAM does the same there as on the CPU.</summary>
internal static class DeviceVerb
{
    private const double Tolerance = 1e-5;

    /// <returns>0 if all is well, 1 if not.</returns>
    public static int Run(DeviceInfo device)
    {
        Console.WriteLine($"{device}; TorchSharp {typeof(torch).Assembly.GetName().Version}, libtorch {__version__}; CUDA {(cuda.is_available() ? $"on {cuda.device_count()} devices" : "not available")}");
        bool[] results =
        [
            Report("a product: 2 x 3 by 3 x 2 of ones", Product(device)),
            Report("a backward pass: the slope of x^2 at 3", Slope(device)),
            .. Steps(device).Select(check => Report(check.Name, check.Ok)),
        ];
        Console.WriteLine($"kernels of our own for CUDA: {KernelSets.CudaStatus}");
        return Array.TrueForAll(results, ok => ok) ? 0 : 1;
    }

    private static bool Product(DeviceInfo device)
    {
        using var scope = NewDisposeScope();
        return ones(2, 3, device: device.Place).mm(ones(3, 2, device: device.Place)).eq(3).all().item<bool>();
    }

    private static bool Slope(DeviceInfo device)
    {
        using var scope = NewDisposeScope();
        var x = tensor(3f, device: device.Place, requires_grad: true);
        x.square().backward();
        return x.grad!.item<float>() == 6;
    }

    private static IEnumerable<(string Name, bool Ok)> Steps(DeviceInfo device)
    {
        using var scope = NewDisposeScope();
        var (here, there) = (new SmallTraining(torch.CPU), new SmallTraining(device.Place));
        for (var step = 1; step <= 3; step++)
        {
            var difference = (here.Step() - there.Step()).abs().max().item<float>();
            yield return (string.Create(CultureInfo.InvariantCulture, $"SAM step {step} of a small network: weights differ from the CPU's by {difference:0.0e+00} at most"), difference <= Tolerance);
        }
        var (before, perturbed, restored) = there.ThereAndBack();
        yield return ("an ascent moves the weights", !before.bytes.SequenceEqual(perturbed.bytes));
        yield return ("and back, bit for bit", before.bytes.SequenceEqual(restored.bytes));
    }

    private static bool Report(string what, bool ok)
    {
        Console.WriteLine($"{(ok ? "ok     " : "FAILED ")} {what}");
        return ok;
    }

    /// <summary>A network and data that are the same on every device.</summary>
    private sealed class SmallTraining
    {
        private readonly Parameter[] _parameters;
        private readonly Tensor _x, _y;
        private readonly SharpnessAwareOptimizer _sam;

        public SmallTraining(Device device)
        {
            var generator = new Generator(1);
            Tensor Random(params long[] shape) => randn(shape, generator: generator).to(device);
            (_x, _y) = (Random(32, 16), Random(32, 4));
            // One weight that is exchanged, one that is copied, and a bias.
            _parameters = [new Parameter(Random(400, 16) * 0.3), new Parameter(Random(400)), new Parameter(Random(4, 400) * 0.1)];
            _sam = optim.SGD(_parameters, 0.05).WithSharpnessAwareness(rho: 0.1);
        }

        /// <summary>The weights after one more step.</summary>
        public Tensor Step()
        {
            _sam.Step(Backward).Dispose();
            return Weights();
        }

        public (Tensor Before, Tensor Perturbed, Tensor Restored) ThereAndBack()
        {
            var before = Weights();
            _sam.zero_grad();
            Backward().Dispose();
            _sam.Ascend();
            var perturbed = Weights();
            _sam.Restore();
            return (before, perturbed, Weights());
        }

        private Tensor Backward()
        {
            using var scope = NewDisposeScope();
            var output = nn.functional.linear(nn.functional.linear(_x, _parameters[0], _parameters[1]).tanh(), _parameters[2]);
            var loss = nn.functional.mse_loss(output, _y);
            loss.backward();
            return loss.MoveToOuterDisposeScope();
        }

        private Tensor Weights()
        {
            using var scope = NewDisposeScope();
            return cat(Array.ConvertAll(_parameters, parameter => parameter.detach().reshape(-1))).cpu().clone().MoveToOuterDisposeScope();
        }
    }
}
