using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>An optimizer that skips a step if a number on the device says so, without waiting for that number.</summary>
internal interface IGuardedOptimizer
{
    /// <summary>Whether the number stays unread, since reading it would wait for the device.</summary>
    bool LeavesUnread(Tensor foundInf);

    /// <summary>The float32 weights that a 16-bit parameter is rounded from; null if the optimizer keeps none, or none yet.</summary>
    Tensor? MasterOf(Parameter parameter);

    /// <summary>Makes one step.</summary>
    /// <param name="slots">The parameters in the optimizer's order. Gradients that were already read are used; the others are read.</param>
    /// <param name="foundInf">A float32 without dimensions. Where it is not 0, weights, state and step counters stay as they are.</param>
    void Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf);
}
