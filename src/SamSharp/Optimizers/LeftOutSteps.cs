using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>How many steps found_inf has left out, counted on the device, where nobody waits for it. States that were left out together
/// share one.</summary>
/// <param name="count">A float without dimensions; taken over.</param>
/// <param name="holders">How many states share it.</param>
internal sealed class LeftOutSteps(Tensor count, int holders)
{
    private int _holders = holders;

    public Tensor Count { get; } = count.DetachFromDisposeScope();

    public bool IsSharedBy(int states) => _holders == states;

    public void Release()
    {
        if (--_holders == 0) Count.Dispose();
    }
}
