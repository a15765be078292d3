using SamSharp.MixedPrecision;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>
/// Holds every parameter of the base optimizer once: read when the wrapper is built, checked, and sorted into buckets for the kernels.
/// Gradients are read and dropped through it, since each read of <c>grad</c> creates a native handle that someone must free.
/// </summary>
/// <param name="module">Gives the parameters their names; may be null.</param>
/// <param name="treatment">Parameters of different treatment never share a bucket.</param>
/// <param name="perturbs">Whether a parameter is perturbed at all.</param>
/// <param name="scale">The scale of the losses; it is divided out of gradients as they are read.</param>
internal sealed class ParameterTable(
    nn.Module? module, Func<ParameterSlot, int> treatment, Func<ParameterSlot, bool> perturbs, LossScale? scale = null)
{
    /// <summary>The number of elements from which an exchange of storages, about a microsecond, costs less than copying there and back.</summary>
    private const long WorthExchanging = 4096;

    private readonly Dictionary<IntPtr, string> _names = NamesIn(module);
    private readonly HashSet<long> _shared = SharedStorage.In(module);
    private readonly List<ParameterSlot> _slots = [];
    private readonly List<SharpnessGroup> _groups = [];

    public IReadOnlyList<ParameterSlot> Slots => _slots;

    public IReadOnlyList<SharpnessGroup> Groups => _groups;

    /// <summary>All parameters in buckets for the kernels, including the param groups that are not perturbed.</summary>
    public IReadOnlyList<ParameterBucket> Buckets { get; private set; } = [];

    /// <summary>The buckets in which a parameter has a gradient now.</summary>
    public ParameterBucket[] Filled => Buckets.Where(bucket => bucket.Parameters.Count > 0).ToArray();

    public bool IsOnCuda => Buckets.Any(bucket => bucket.Device.type == TorchSharp.DeviceType.CUDA);

    /// <summary>Adds a param group's parameters and fixes the list: TorchSharp would enumerate a lazy sequence again in every step.</summary>
    /// <param name="group">The group.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="sharpness">How it is treated.</param>
    /// <param name="accept">Called once everything is checked and before anything is added; may throw.</param>
    /// <exception cref="ArgumentException">A parameter cannot be perturbed, or would be updated twice.</exception>
    public void Add(ILearningRateController group, IEnumerable<Parameter> parameters, SharpnessGroup sharpness, Action? accept = null)
    {
        var fixedParameters = parameters.ToArray();
        foreach (var (i, parameter) in fixedParameters.Index())
        {
            if (parameter?.IsInvalid != false)
                throw new ArgumentException($"Parameter {i} of group {_groups.Count} {ParameterCheck.Objection(parameter)}");
        }
        var added = fixedParameters.Select((p, i) =>
            new ParameterSlot(p, _slots.Count + i, _groups.Count, _names.GetValueOrDefault(p.Handle))).ToList();
        foreach (var slot in added) RequireUsable(slot);
        SharedStorage.RequireNone([.. _slots, .. added]);
        foreach (var slot in added)
            slot.IsExchangeable = slot.Parameter.NumberOfElements >= WorthExchanging && SharedStorage.IsOwn(slot.Parameter, _shared);
        var buckets = InBuckets([.. _slots, .. added]);

        if (group is ParamGroup own) own.Parameters = fixedParameters;
        accept?.Invoke();
        _slots.AddRange(added);
        _groups.Add(sharpness);
        Buckets = buckets;
    }

    /// <summary>Checks that the parameters are what they were when the table was made.</summary>
    /// <exception cref="InvalidOperationException">One has been disposed, or has another shape, type or device.</exception>
    public void RequireUnchanged() => _slots.ForEach(ParameterCheck.RequireUnchanged);

    /// <summary>Clears the gradients, then calls a closure that computes a loss and its gradients.</summary>
    public Tensor Evaluate(Func<Tensor> closure)
    {
        ClearGradients();
        Autocast.DropCopies();
        using var gradients = enable_grad();
        var loss = ClosureErrors.Explain(() => Autocast.Call(closure));
        ScalarLoss.Require(loss);
        return loss;
    }

    /// <summary>Reads every gradient of a pass into the buckets.</summary>
    /// <param name="pass">How an error names the pass.</param>
    /// <param name="perturbed">Whether the pass was made at w + e.</param>
    /// <exception cref="InvalidOperationException">There is no gradient at all.</exception>
    public void RequireGradients(string pass, bool perturbed)
    {
        if (ReadGradients(perturbed)) return;
        throw new InvalidOperationException($"The {pass} pass left no gradient on any parameter of the optimizer. " +
            "Call backward() on the loss in the closure, with parameters that require gradients; " +
            "and build the optimizer after model.to(...), which replaces parameters.");
    }

    /// <summary>Reads every gradient into the buckets. Returns false if there is none at all.</summary>
    public bool ReadGradients(bool perturbed)
    {
        var any = false;
        foreach (var slot in _slots)
        {
            ParameterCheck.RequireUnchanged(slot);
            slot.Gradient?.Dispose();
            slot.HandedOver?.Dispose();
            (slot.Gradient, slot.HandedOver) = (slot.Parameter.grad?.DetachFromDisposeScope(), null);
            if (slot.Gradient is null) continue;
            any = true;
            if (slot.Gradient.is_sparse)
                throw new NotSupportedException($"The gradient of {slot.Describe()} is sparse, which sharpness-aware minimization " +
                    "does not support. Build the embedding with sparse: false.");
            if (!slot.Kind.Fits(slot.Gradient))
                throw new InvalidOperationException($"The gradient of {slot.Describe()} has {TensorKind.Of(slot.Gradient)}, " +
                    $"the parameter {slot.Kind}. " +
                    "Both must be alike; nothing has moved.");
        }
        foreach (var bucket in Buckets)
        {
            if (perturbed) bucket.FillAtPerturbed();
            else bucket.FillAtWeights();
        }
        scale?.Unscale(Buckets.Select(bucket => bucket.Final));
        return any;
    }

    /// <summary>Reads the gradients that a combiner or other processes left, in addition to those that the buckets hold.</summary>
    public void ReadHandedOver()
    {
        foreach (var slot in _slots)
        {
            slot.HandedOver?.Dispose();
            slot.HandedOver = slot.Parameter.grad?.DetachFromDisposeScope();
        }
        foreach (var bucket in Buckets) bucket.FillFinal();
    }

    /// <summary>Clears the gradients for the next pass.</summary>
    /// <param name="keeps">Whether to keep the gradients just read for the combiner; later ascents of the same step do not
    /// replace them. Otherwise they are freed.</param>
    public void EndAscent(bool keeps)
    {
        if (keeps)
        {
            foreach (var slot in _slots.Where(slot => slot.AscentGradient is null))
                (slot.AscentGradient, slot.Gradient) = (slot.Gradient, null);
        }
        else
        {
            ReleaseGradients();
        }
        ClearGradients();
    }

    /// <summary>Hands over the gradients read last; the table and the parameters no longer have them.</summary>
    public Dictionary<ParameterSlot, Tensor> TakeGradients()
    {
        var taken = _slots.Where(slot => slot.Gradient is not null).ToDictionary(slot => slot, slot => slot.Gradient!);
        foreach (var slot in _slots) slot.Gradient = null;
        ClearGradients();
        return taken;
    }

    /// <summary>Puts back taken gradients of the pass at w + e, on the parameters and in the buckets.</summary>
    public void PutGradients(Dictionary<ParameterSlot, Tensor> taken)
    {
        foreach (var slot in _slots)
        {
            slot.Gradient?.Dispose();
            slot.Gradient = taken.GetValueOrDefault(slot);
            slot.Parameter.grad = slot.Gradient;
        }
        foreach (var bucket in Buckets) bucket.FillAtPerturbed();
    }

    /// <summary>Fills the buckets with the gradients at w, as they were for the ascent.</summary>
    public void TakeUpAscentGradients()
    {
        foreach (var bucket in Buckets) bucket.FillFromAscent();
    }

    /// <summary>Fills the buckets with every parameter, for an ascent that needs no gradients.</summary>
    public void TakeUpAll()
    {
        ReleaseGradients();
        foreach (var bucket in Buckets) bucket.FillWithoutGradients();
    }

    /// <summary>Frees the handles of all gradients that were read; the parameters keep their gradients.</summary>
    public void ReleaseGradients()
    {
        foreach (var slot in _slots)
        {
            slot.Gradient?.Dispose();
            slot.AscentGradient?.Dispose();
            slot.HandedOver?.Dispose();
            slot.Gradient = slot.AscentGradient = slot.HandedOver = null;
        }
    }

    /// <summary>
    /// Sets every gradient to null rather than zero: the base optimizer then skips a parameter that takes no part in a pass instead of moving it by
    /// decay and momentum, and the next backward pass stores its result instead of adding it.
    /// </summary>
    public void ClearGradients()
    {
        foreach (var slot in _slots)
        {
            if (slot.Parameter.IsInvalid) ParameterCheck.RequireUnchanged(slot);
            slot.Parameter.grad = null;
        }
        scale?.NoteCleared();
    }

    private ParameterBucket[] InBuckets(IEnumerable<ParameterSlot> slots) => slots
        .GroupBy(slot => (slot.Parameter.device.ToString(), slot.Parameter.dtype, slot.Group, slot.IsExchangeable,
            Treatment: treatment(slot), IsPerturbed: perturbs(slot)))
        .Select(bucket => new ParameterBucket([.. bucket], bucket.Key.Treatment, bucket.Key.IsPerturbed))
        .ToArray();

    private static Dictionary<IntPtr, string> NamesIn(nn.Module? module)
    {
        var names = new Dictionary<IntPtr, string>();
        foreach (var (name, parameter) in module?.named_parameters() ?? []) names.TryAdd(parameter.Handle, name);
        return names;
    }

    private void RequireUsable(ParameterSlot slot)
    {
        if (ParameterCheck.Objection(slot.Parameter) is { } objection) throw new ArgumentException($"{slot.Describe()} {objection}");
        if (scale is not null && slot.Parameter.dtype == ScalarType.Float16)
            throw new ArgumentException($"{slot.Describe()} is float16, where a gradient without its scale would vanish again. " +
                "Keep weights in float32 and compute in Autocast.Float16, or use bfloat16 weights, which need no scale.");
    }
}
