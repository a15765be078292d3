using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>An optimizer that leaves a step out where a number on the device says so, without anyone waiting for that number.</summary>
internal interface IGuardedOptimizer
{
    /// <summary>Whether the number is not read: reading it would wait for the device.</summary>
    bool LeavesUnread(Tensor foundInf);

    /// <summary>One step.</summary>
    /// <param name="slots">The parameters, in the optimizer's own order, with gradients that have been read; others are read.</param>
    /// <param name="foundInf">A float32 without dimensions. Where it is not 0, weights, state and step counters stay as they are.</param>
    void Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf);
}
