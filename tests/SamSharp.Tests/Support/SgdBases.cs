using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>SGD of TorchSharp and of this library, from parameters, a learning rate, and a momentum.</summary>
public static class SgdBases
{
    internal static readonly Dictionary<string, Func<IEnumerable<Parameter>, double, double, optim.Optimizer>> All = new()
    {
        ["TorchSharp"] = (parameters, lr, momentum) => optim.SGD(parameters, lr, momentum: momentum),
        ["fused"] = (parameters, lr, momentum) => new FusedSGD(parameters, lr, momentum: momentum),
    };

    /// <summary>Every case on every base.</summary>
    public static TheoryData<string, string> Beside(IEnumerable<string> cases)
    {
        var crossed = new TheoryData<string, string>();
        foreach (var name in cases)
        {
            foreach (var bases in All.Keys) crossed.Add(name, bases);
        }
        return crossed;
    }

    public static TheoryData<string> Names() => new(All.Keys);
}
