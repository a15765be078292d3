using SamSharp.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>The base optimizer, whose step is skipped where a number is not finite.</summary>
internal sealed class GuardedBase(Optimizer optimizer)
{
    private readonly IGuardedOptimizer? _guarded = optimizer as IGuardedOptimizer;

    public Optimizer Optimizer { get; } = optimizer;

    public string Name => Optimizer.GetType().Name;

    /// <summary>The optimizer's options and states; null if it keeps its state elsewhere than TorchSharp's optimizers do.</summary>
    public Optimizer.StateDictionary? State()
    {
        try
        {
            return (Optimizer as TorchSharp.Modules.OptimizerHelper)?.state_dict();
        }
        catch (KeyNotFoundException)
        {
            return null; // TorchSharp looks every parameter up in a dictionary that an optimizer need not fill
        }
    }

    /// <summary>The float32 weights that a 16-bit parameter is rounded from; null if there are none.</summary>
    public Tensor? MasterOf(ParameterSlot slot) => _guarded?.MasterOf(slot.Parameter);

    /// <summary>The weights in their widest form: the masters that they are rounded from, or themselves. Who moves masters calls
    /// <see cref="RoundMasters"/>.</summary>
    public Tensor WidestOf(ParameterSlot slot) => MasterOf(slot) ?? slot.Parameter;

    /// <summary>Lets the masters follow weights that something else than a step has changed.</summary>
    public void TakeUpChanges(IEnumerable<ParameterSlot> slots, ITensorListKernels kernels)
    {
        var rounded = slots.Where(slot => MasterOf(slot) is not null).ToArray();
        if (rounded.Length > 0) kernels.TakeUpChanges([.. rounded.Select(WidestOf)], [.. rounded.Select(slot => slot.Parameter)]);
    }

    /// <summary>Rounds weights from their masters, which something other than the base optimizer has moved.</summary>
    public void RoundMasters(IEnumerable<ParameterSlot> slots)
    {
        foreach (var slot in slots)
        {
            if (MasterOf(slot) is { } master) slot.Parameter.copy_(master);
        }
    }

    /// <summary>Makes one step with the final gradients, unless found_inf says to skip it.</summary>
    /// <param name="table">The parameters with their final gradients.</param>
    /// <param name="foundInf">Not 0 where a number is not finite; null when this was not checked.</param>
    /// <param name="mustKnow">Whether the caller needs to know at once, so that the number is read from the device.</param>
    /// <param name="report">Told that the step was skipped.</param>
    /// <returns>Whether the step was made, as far as known without waiting for the device.</returns>
    public bool TryStep(ParameterTable table, Tensor? foundInf, bool mustKnow, StepReport report)
    {
        var unread = foundInf is not null && !mustKnow && _guarded?.LeavesUnread(foundInf) == true;
        if (!unread && foundInf?.Value() > 0) return false;
        if (unread) report.SkipWhere(foundInf!);
        try
        {
            if (_guarded is not null) _guarded.Step(table.Slots, unread ? foundInf : null);
            else Optimizer.step()?.Dispose();
            Autocast.DropCopies();
            return true;
        }
        catch (KeyNotFoundException e)
        {
            throw new InvalidOperationException($"{Name} does not know one of its parameters any more. model.to(...) replaces " +
                "a model's parameters: move the model first, then build the optimizer and its wrapper.", e);
        }
    }
}
