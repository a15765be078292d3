using TorchSharp.Modules;

namespace SamSharp.DeviceChecks;

/// <summary>A network and data that are the same on every device.</summary>
internal sealed class SmallTraining : IDisposable
{
    private readonly Parameter[] _parameters;
    private readonly Tensor _x, _y;
    private readonly SharpnessAwareOptimizer _sam;

    public SmallTraining(Device device)
    {
        using var generator = new Generator(1);
        Tensor Random(double deviation, params long[] shape)
        {
            using var scale = tensor(deviation, dtype: float32);
            using var numbers = randn(shape, generator: generator);
            return numbers.mul_(scale).to(device, copy: true);
        }

        (_x, _y) = (Random(1, 32, 16), Random(1, 32, 4));
        // One weight that is exchanged, one that is copied, and a bias.
        _parameters = [new Parameter(Random(0.3, 400, 16)), new Parameter(Random(1, 400)), new Parameter(Random(0.1, 4, 400))];
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

    public void Dispose()
    {
        _sam.Dispose();
        foreach (var tensor in _parameters.Append(_x).Append(_y)) tensor.Dispose();
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
