using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>An SGD one of whose steps throws before it moves anything.</summary>
internal sealed class FailingSgd(IEnumerable<Parameter> parameters, double lr = 0.1, double momentum = 0) : SGD(parameters, lr, momentum: momentum)
{
    /// <summary>In how many steps from now it throws; 0 for never.</summary>
    public int FailsIn { get; set; }

    public override Tensor step(Func<Tensor>? closure = null) => --FailsIn == 0 ? throw new ThrownByTest() : base.step(closure!);
}
