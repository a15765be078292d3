using TorchSharp.Modules;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Every parameter of the base optimizer, once: read when the wrapper is built, checked, and sorted into lists for the kernels.
/// Gradients are read and dropped through it, since each read of <c>grad</c> makes a native handle that someone must free.
/// </summary>
internal sealed class ParameterTable
{
    /// <summary>Elements from which an exchange of storages, which takes about a microsecond, costs less than copying there and back.</summary>
    private const long WorthExchanging = 4096;

    private readonly Dictionary<IntPtr, string> _names = [];
    private readonly HashSet<long> _shared;
    private readonly IGeometry _geometry;
    private readonly List<ParameterSlot> _slots = [];
    private readonly List<SharpnessGroup> _groups = [];

    public ParameterTable(nn.Module? module, IGeometry geometry)
    {
        _geometry = geometry;
        foreach (var (name, parameter) in module?.named_parameters() ?? []) _names.TryAdd(parameter.Handle, name);
        _shared = SharedStorage.In(module);
    }

    public IReadOnlyList<ParameterSlot> Slots => _slots;

    public IReadOnlyList<SharpnessGroup> Groups => _groups;

    /// <summary>All parameters in lists for the kernels, those of groups that are left out included.</summary>
    public IReadOnlyList<TensorList> Lists { get; private set; } = [];

    /// <summary>Adds a param group's parameters, which are fixed from then on: TorchSharp walks a lazy sequence anew at every step.</summary>
    /// <exception cref="ArgumentException">A parameter cannot be perturbed, or would be updated twice.</exception>
    public void Add(ILearningRateController group, IEnumerable<Parameter> parameters, SharpnessGroup sharpness)
    {
        var fixedParameters = parameters.ToArray();
        var added = fixedParameters.Select((p, i) =>
            new ParameterSlot(p, _slots.Count + i, _groups.Count, _names.GetValueOrDefault(p.Handle))).ToList();
        foreach (var slot in added) RequireFloat(slot);
        SharedStorage.RequireNone([.. _slots, .. added]);
        foreach (var slot in added)
            slot.IsExchangeable = slot.Parameter.NumberOfElements >= WorthExchanging && SharedStorage.IsOwn(slot.Parameter, _shared);

        if (group is ParamGroup own) own.Parameters = fixedParameters;
        _slots.AddRange(added);
        _groups.Add(sharpness);
        Lists = _slots
            .GroupBy(slot => (slot.Parameter.device.ToString(), slot.Parameter.dtype, slot.Group, slot.IsExchangeable, Treatment: _geometry.Treatment(slot), IsPerturbed: _geometry.Perturbs(slot)))
            .Select(list => new TensorList(list, list.Key.Treatment, list.Key.IsPerturbed))
            .ToArray();
    }

    /// <summary>Calls a closure that computes a loss and its gradients, which are cleared before.</summary>
    public Tensor Evaluate(Func<Tensor> closure)
    {
        ClearGradients();
        using var gradients = enable_grad();
        return closure() ?? throw new InvalidOperationException("The closure returned null; it must return the loss.");
    }

    /// <summary>Reads every gradient of a pass, which must have left one.</summary>
    public void RequireGradients(string pass)
    {
        if (ReadGradients()) return;
        throw new InvalidOperationException($"The {pass} pass left no gradient on any parameter of the optimizer. Call backward() on the loss in the closure, " +
            "with parameters that require gradients; and build the optimizer after model.to(...), which replaces parameters.");
    }

    /// <summary>Reads every gradient. False when there is none at all.</summary>
    public bool ReadGradients()
    {
        var any = false;
        foreach (var slot in _slots)
        {
            RequireAlive(slot);
            slot.Gradient?.Dispose();
            slot.Gradient = slot.Parameter.grad?.DetachFromDisposeScope();
            if (slot.Gradient is null) continue;
            any = true;
            if (slot.Gradient.is_sparse)
                throw new NotSupportedException($"The gradient of {slot.Describe()} is sparse, which sharpness-aware minimization " +
                    "does not support. Build the embedding with sparse: false.");
        }
        foreach (var list in Lists) list.Refill();
        return any;
    }

    /// <summary>Keeps the gradients just read for the combiner, in place of freeing them; later ascents of the same step do not replace them.</summary>
    public void KeepForCombiner()
    {
        foreach (var slot in _slots.Where(slot => slot.AscentGradient is null))
            (slot.AscentGradient, slot.Gradient) = (slot.Gradient, null);
    }

    /// <summary>Hands over the gradients read last; the table and the parameters are then without.</summary>
    public Dictionary<ParameterSlot, Tensor> TakeGradients()
    {
        var taken = _slots.Where(slot => slot.Gradient is not null).ToDictionary(slot => slot, slot => slot.Gradient!);
        foreach (var slot in _slots) slot.Gradient = null;
        ClearGradients();
        return taken;
    }

    /// <summary>Makes taken gradients those of the parameters again, and of the lists.</summary>
    public void PutGradients(Dictionary<ParameterSlot, Tensor> taken)
    {
        foreach (var slot in _slots)
        {
            slot.Gradient?.Dispose();
            slot.Gradient = taken.GetValueOrDefault(slot);
            slot.Parameter.grad = slot.Gradient;
        }
        foreach (var list in Lists) list.Refill();
    }

    /// <summary>Fills the lists with the gradients at w, as they were for the ascent.</summary>
    public void ReturnAscentGradients()
    {
        foreach (var list in Lists) list.RefillFromAscent();
    }

    /// <summary>Takes up every parameter for an ascent that needs no gradients.</summary>
    public void ReadNothing()
    {
        ReleaseGradients();
        foreach (var list in Lists) list.RefillWithout();
    }

    /// <summary>Frees the handles of all gradients that were read; the parameters keep their gradients.</summary>
    public void ReleaseGradients()
    {
        foreach (var slot in _slots)
        {
            slot.Gradient?.Dispose();
            slot.AscentGradient?.Dispose();
            slot.Gradient = slot.AscentGradient = null;
        }
    }

    /// <summary>
    /// Leaves every parameter without a gradient. Null rather than zero: a parameter that takes no part in a pass is then skipped by the
    /// base optimizer, not moved by its decay and momentum, and the next backward pass stores its result instead of adding it.
    /// </summary>
    public void ClearGradients()
    {
        foreach (var slot in _slots)
        {
            RequireAlive(slot);
            slot.Parameter.grad = null;
        }
    }

    private static void RequireFloat(ParameterSlot slot)
    {
        if (!slot.Parameter.is_floating_point())
            throw new ArgumentException($"{slot.Describe()} has dtype {slot.Parameter.dtype}; only floating point parameters can be perturbed.");
    }

    private static void RequireAlive(ParameterSlot slot)
    {
        if (slot.Parameter.IsInvalid)
            throw new InvalidOperationException($"Parameter {slot.Index}{(slot.Name is null ? "" : $" ({slot.Name})")} of group {slot.Group} " +
                "has been disposed. model.to(...) replaces a model's parameters: move the model first, then build the optimizer and its wrapper.");
    }
}
