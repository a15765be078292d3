using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>The number of steps that found_inf has skipped, counted on the device, so that nothing waits for it. States
/// that were skipped together share one.</summary>
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
