using System.Runtime.InteropServices;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <content>The members of every TorchSharp optimizer, passed on to the base optimizer.</content>
public partial class SharpnessAwareOptimizer : IDynamicInterfaceCastable
{
    /// <summary>TorchSharp's name for <see cref="Step(Func{Tensor}, Func{Tensor}?)"/>.</summary>
    /// <param name="closure">Computes the loss, calls <c>backward()</c> and returns the loss. Required: it is called at two points.</param>
    /// <returns>The loss at w.</returns>
    /// <exception cref="InvalidOperationException">There is no closure.</exception>
    public override Tensor step(Func<Tensor>? closure = null) => closure is not null
        ? Step(closure)
        : throw new InvalidOperationException("Sharpness-aware minimization computes the gradient at two points, so step() needs a closure: " +
            "optimizer.Step(() => { var loss = ...; loss.backward(); return loss; }). In a two-phase loop, call backward(), " +
            "then optimizer.Ascend(), then compute the loss and call backward() again, then optimizer.Descend().");

    /// <summary>Sets every gradient to null, not zeros, so that parameters that take no part in the next pass are not moved.</summary>
    public override void zero_grad() => _services.Table.ClearGradients();

    /// <summary>The base optimizer's param groups, which schedulers act on.</summary>
    public override IEnumerable<ILearningRateController> ParamGroups => BaseOptimizer.ParamGroups;

    /// <summary>The base optimizer's parameters.</summary>
    public override IEnumerable<Parameter> parameters() => _services.Table.Slots.Select(slot => slot.Parameter);

    /// <summary>Adds a param group to the base optimizer, with the default sharpness settings.</summary>
    /// <param name="param_group">A group of the type that the base optimizer uses.</param>
    /// <exception cref="ArgumentException">A parameter is held already, or cannot be perturbed.</exception>
    public override void add_param_group(ParamGroup param_group) => AddParamGroup(param_group);

    /// <summary>Adds a param group to the base optimizer.</summary>
    /// <param name="group">A group of the type that the base optimizer uses.</param>
    /// <param name="sharpness">The group's sharpness settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">A parameter is held already, or cannot be perturbed.</exception>
    /// <exception cref="InvalidOperationException">The weights are perturbed.</exception>
    public void AddParamGroup(ParamGroup group, SharpnessGroup? sharpness = null)
    {
        ArgumentNullException.ThrowIfNull(group);
        using var turn = Enter("A param group cannot be added");
        _services.Table.Add(group, group.Parameters, sharpness ?? new SharpnessGroup(), accept: () => BaseOptimizer.add_param_group(group));
        ShareGroups();
    }

    /// <summary>Moves the optimizers' state to a device. Parameters are moved by their model, before its optimizer is built.</summary>
    /// <param name="device">The target device.</param>
    /// <exception cref="InvalidOperationException">The weights are perturbed.</exception>
    public new void to(Device device)
    {
        using var turn = Enter("State cannot be moved");
        (BaseOptimizer as OptimizerHelper)?.to(device);
    }

    /// <summary>The state of the wrapper and the base optimizer: one entry for the wrapper, then the base optimizer's entries.</summary>
    /// <exception cref="InvalidOperationException">The weights are perturbed, or the base optimizer has no state dictionary.</exception>
    public override StateDictionary state_dict()
    {
        using var turn = Enter("State cannot be saved or loaded");
        return StateWith(new WrapperState(_services));
    }

    /// <summary>Loads the state of another optimizer with the same structure.</summary>
    /// <param name="state_dict">What <see cref="state_dict()"/> returned.</param>
    /// <exception cref="InvalidDataException">The state belongs to an optimizer with another structure.</exception>
    public override void load_state_dict(StateDictionary state_dict)
    {
        ArgumentNullException.ThrowIfNull(state_dict);
        if (state_dict.Options.FirstOrDefault() is not WrapperState)
            throw new InvalidDataException($"This state was not saved by a {nameof(SharpnessAwareOptimizer)}. " +
                "Load a plain optimizer's state with BaseOptimizer.load_state_dict.");
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var options in state_dict.Options) options.SaveStateDict(writer);
        foreach (var state in state_dict.State) state.SaveStateDict(writer);
        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        using var turn = Enter("State cannot be saved or loaded");
        Load(reader, acceptOtherRecipe: false);
    }

    /// <inheritdoc cref="load_state_dict(string, bool)"/>
    public new void load_state_dict(string location) => load_state_dict(location, acceptOtherRecipe: false);

    /// <summary>Loads what <c>save_state_dict</c> wrote. If that fails, nothing has changed.</summary>
    /// <param name="location">The file.</param>
    /// <param name="acceptOtherRecipe">Whether the saved recipe may have other parts, or parts with other settings. A part that finds nothing
    /// in the file starts without a memory. Default false: a difference is an error that names it.</param>
    /// <exception cref="InvalidDataException">The file belongs to an optimizer with another structure, or is damaged.</exception>
    public void load_state_dict(string location, bool acceptOtherRecipe)
    {
        using var reader = new BinaryReader(File.OpenRead(location));
        try
        {
            load_state_dict(reader, acceptOtherRecipe);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{location}: {e.Message}", e);
        }
    }

    /// <inheritdoc cref="load_state_dict(BinaryReader, bool)"/>
    public new void load_state_dict(BinaryReader reader) => load_state_dict(reader, acceptOtherRecipe: false);

    /// <summary>Loads what <c>save_state_dict</c> wrote. If that fails, nothing has changed.</summary>
    /// <param name="reader">A reader at the state's first byte.</param>
    /// <param name="acceptOtherRecipe">As for <see cref="load_state_dict(string, bool)"/>.</param>
    /// <exception cref="InvalidDataException">The state belongs to an optimizer with another structure, or is damaged.</exception>
    public void load_state_dict(BinaryReader reader, bool acceptOtherRecipe)
    {
        ArgumentNullException.ThrowIfNull(reader);
        using var turn = Enter("State cannot be saved or loaded");
        CheckpointFile.ReadHeader(reader, nameof(SharpnessAwareOptimizer));
        Load(reader, acceptOtherRecipe);
    }

    /// <summary>Recipe, radius, base optimizer and param groups.</summary>
    public override string ToString() => WrapperText.Of(_services);

    /// <summary>Puts perturbed weights back, and frees buffers and base optimizer; refused in a step. A finalizer touches nothing.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gate.Close();
            _ascended?.Dispose();
            _services.Dispose();
            BaseOptimizer.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>The wrapper implements the TorchSharp interfaces that its base implements, because OneCycleLR and CyclicLR look for
    /// momentum or betas on the optimizer itself.</summary>
    bool IDynamicInterfaceCastable.IsInterfaceImplemented(RuntimeTypeHandle interfaceType, bool throwIfNotImplemented)
    {
        var type = Type.GetTypeFromHandle(interfaceType)!;
        var implemented = (type == typeof(IMomentum) && BaseOptimizer is IMomentum) || (type == typeof(IBetas) && BaseOptimizer is IBetas);
        return implemented || !throwIfNotImplemented
            ? implemented
            : throw new InvalidCastException($"{BaseOptimizer.GetType().Name}, the base of this SharpnessAwareOptimizer, is not an {type.Name}.");
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
            throw new ArgumentException("LBFGS cannot be the base of a SharpnessAwareOptimizer: it calls its closure several times per step " +
                "along a line search, while SAM hands over one gradient. Use a first-order optimizer, such as AdamW or SGD.", nameof(baseOptimizer));
        if (baseOptimizer is SharpnessAwareOptimizer)
            throw new ArgumentException("The optimizer is sharpness-aware already; wrap its BaseOptimizer instead.", nameof(baseOptimizer));
        if (baseOptimizer.ParamGroups.Any(group => group is not ParamGroup))
            throw new ArgumentException($"{baseOptimizer.GetType().Name} has param groups that are not TorchSharp.Modules.ParamGroup, " +
                "so their parameters are not known.", nameof(baseOptimizer));
    }

    private void AdoptGroups(IReadOnlyList<SharpnessGroup?> sharpness)
    {
        var groups = BaseOptimizer.ParamGroups.Cast<ParamGroup>().ToList();
        if (sharpness.Count > groups.Count)
            throw new ArgumentException($"The options describe {sharpness.Count} param groups, but {_services.Base.Name} has {groups.Count}.");
        for (var i = 0; i < groups.Count; i++)
            _services.Table.Add(groups[i], groups[i].Parameters, (i < sharpness.Count ? sharpness[i] : null) ?? new SharpnessGroup());
        if (Parameters.Count == 0) throw new ArgumentException($"{_services.Base.Name} has no parameters; there is nothing to optimize.");
        ShareGroups();
    }

    private StateDictionary StateWith(WrapperState own)
    {
        var state = _services.Base.State() ?? throw new InvalidOperationException(
            $"{_services.Base.Name} keeps no state where TorchSharp looks for it, so it cannot be saved or loaded.");
        state.Options.Insert(0, own);
        return state;
    }

    private void Load(BinaryReader reader, bool acceptOtherRecipe)
    {
        var own = new WrapperState(_services) { AcceptsOtherRecipe = acceptOtherRecipe };
        CheckpointFile.Load(reader, own, StateWith(own));
    }

    /// <summary>Shares the base optimizer's groups and states, since TorchSharp's non-virtual methods work on these fields.</summary>
    private void ShareGroups()
    {
        _parameter_groups = BaseOptimizer.ParamGroups.Cast<ParamGroup>().ToList();
        foreach (var (slot, state) in _services.Table.Slots.Zip(_services.Base.State()?.State ?? [])) _state[slot.Parameter.Handle] = state;
    }
}
