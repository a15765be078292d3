using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>What every TorchSharp optimizer does, passed on to the base optimizer.</content>
public partial class SharpnessAwareOptimizer : IDynamicInterfaceCastable
{
    /// <summary>TorchSharp's name for <see cref="Step(Func{Tensor}, Func{Tensor}?)"/>.</summary>
    /// <param name="closure">Computes the loss, calls <c>backward()</c> and returns the loss. Required: it is called at two points.</param>
    /// <returns>The loss at w.</returns>
    /// <exception cref="InvalidOperationException">There is no closure.</exception>
    public override Tensor step(Func<Tensor>? closure = null) => closure is not null
        ? Step(closure)
        : throw new InvalidOperationException("Sharpness-aware minimization computes the gradient at two points, so step() needs a closure: " +
            "optimizer.Step(() => { var loss = ...; loss.backward(); return loss; }). In a loop written by hand, call backward(), then optimizer.Ascend(), " +
            "then compute the loss and call backward() again, then optimizer.Descend().");

    /// <summary>Leaves every parameter without a gradient (null, not zeros, so that parameters which take no part in the next pass are not moved).</summary>
    public override void zero_grad() => _table.ClearGradients();

    /// <summary>The base optimizer's param groups, which schedulers act on.</summary>
    public override IEnumerable<ILearningRateController> ParamGroups => BaseOptimizer.ParamGroups;

    /// <summary>The base optimizer's parameters.</summary>
    public override IEnumerable<Parameter> parameters() => _table.Slots.Select(slot => slot.Parameter);

    /// <summary>Adds a param group to the base optimizer, treated as the options say by default.</summary>
    /// <param name="param_group">A group of the base optimizer's own kind.</param>
    /// <exception cref="ArgumentException">A parameter is held already, or cannot be perturbed.</exception>
    public override void add_param_group(ParamGroup param_group) => AddParamGroup(param_group);

    /// <summary>Adds a param group to the base optimizer.</summary>
    /// <param name="group">A group of the base optimizer's own kind.</param>
    /// <param name="sharpness">How it is treated; null for the defaults.</param>
    /// <exception cref="ArgumentException">A parameter is held already, or cannot be perturbed.</exception>
    /// <exception cref="InvalidOperationException">The weights are perturbed.</exception>
    public void AddParamGroup(ParamGroup group, SharpnessGroup? sharpness = null)
    {
        ArgumentNullException.ThrowIfNull(group);
        RequireAtRest("A param group cannot be added");
        _table.Add(group, group.Parameters, sharpness ?? new SharpnessGroup());
        BaseOptimizer.add_param_group(group);
        ShareGroups();
    }

    /// <summary>Moves the optimizers' state to a device. Parameters are moved by their model, before its optimizer is built.</summary>
    /// <param name="device">Where to.</param>
    /// <exception cref="InvalidOperationException">The weights are perturbed.</exception>
    public new void to(Device device)
    {
        RequireAtRest("State cannot be moved");
        (BaseOptimizer as OptimizerHelper)?.to(device);
    }

    /// <summary>Puts perturbed weights back, frees the buffers, and disposes the base optimizer.</summary>
    /// <param name="disposing">False when called by the finalizer, which touches nothing.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Restore();
            _weights.Dispose();
            _statistics.Dispose();
            _replay?.Dispose();
            LastStep.Dispose();
            ReleaseParts();
            BaseOptimizer.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>The wrapper has the interfaces of TorchSharp that its base has: OneCycleLR and CyclicLR look for momentum or betas on the optimizer itself.</summary>
    bool IDynamicInterfaceCastable.IsInterfaceImplemented(RuntimeTypeHandle interfaceType, bool throwIfNotImplemented)
    {
        var type = Type.GetTypeFromHandle(interfaceType)!;
        var implemented = (type == typeof(IMomentum) && BaseOptimizer is IMomentum) || (type == typeof(IBetas) && BaseOptimizer is IBetas);
        return implemented || !throwIfNotImplemented
            ? implemented
            : throw new InvalidCastException($"{BaseOptimizer.GetType().Name}, the base of this SharpnessAwareOptimizer, is no {type.Name}.");
    }

    RuntimeTypeHandle IDynamicInterfaceCastable.GetInterfaceImplementation(RuntimeTypeHandle interfaceType) =>
        Type.GetTypeFromHandle(interfaceType) == typeof(IMomentum) ? typeof(IBaseMomentum).TypeHandle : typeof(IBaseBetas).TypeHandle;

    [DynamicInterfaceCastableImplementation]
    private interface IBaseMomentum : IMomentum
    {
        double IMomentum.Momentum
        {
            get => ((IMomentum)((SharpnessAwareOptimizer)this).BaseOptimizer).Momentum;
            set => ((IMomentum)((SharpnessAwareOptimizer)this).BaseOptimizer).Momentum = value;
        }
    }

    [DynamicInterfaceCastableImplementation]
    private interface IBaseBetas : IBetas
    {
        (double, double) IBetas.Betas
        {
            get => ((IBetas)((SharpnessAwareOptimizer)this).BaseOptimizer).Betas;
            set => ((IBetas)((SharpnessAwareOptimizer)this).BaseOptimizer).Betas = value;
        }
    }

    private static void RequireWrappable(Optimizer baseOptimizer)
    {
        if (baseOptimizer is LBFGS)
            throw new ArgumentException("LBFGS cannot be the base of a SharpnessAwareOptimizer: it calls its closure several times per step along a line search of its own, " +
                "while SAM hands over one gradient. Use a first-order optimizer, such as AdamW or SGD.", nameof(baseOptimizer));
        if (baseOptimizer is SharpnessAwareOptimizer)
            throw new ArgumentException("The optimizer is sharpness-aware already; wrap its BaseOptimizer instead.", nameof(baseOptimizer));
        if (baseOptimizer.ParamGroups.Any(group => group is not ParamGroup))
            throw new ArgumentException($"{baseOptimizer.GetType().Name} has param groups that are not TorchSharp.Modules.ParamGroup, so their parameters are not known.", nameof(baseOptimizer));
    }

    private void AdoptGroups(IReadOnlyList<SharpnessGroup?> sharpness)
    {
        var groups = BaseOptimizer.ParamGroups.Cast<ParamGroup>().ToList();
        if (sharpness.Count > groups.Count)
            throw new ArgumentException($"The options describe {sharpness.Count} param groups, but {BaseOptimizer.GetType().Name} has {groups.Count}.", nameof(sharpness));
        for (var i = 0; i < groups.Count; i++)
            _table.Add(groups[i], groups[i].Parameters, (i < sharpness.Count ? sharpness[i] : null) ?? new SharpnessGroup());
        ShareGroups();
    }

    /// <summary>TorchSharp's own non-virtual methods work on these fields.</summary>
    private void ShareGroups()
    {
        _parameter_groups = BaseOptimizer.ParamGroups.Cast<ParamGroup>().ToList();
        if (BaseOptimizer is not OptimizerHelper helper) return;
        foreach (var (slot, state) in _table.Slots.Zip(helper.state_dict().State)) _state[slot.Parameter.Handle] = state;
    }

    private void RequireAtRest(string what)
    {
        if (_ascended) throw new InvalidOperationException($"{what} while an ascent is under way and the weights are perturbed: call Descend() or Restore() first.");
    }
}
