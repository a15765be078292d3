using SamSharp.Kernels;
using SamSharp.Steps;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Makes the steps of an optimizer: every number is read and written once, for all similar parameters of a group together;
/// on the CPU by a rule's passes over raw memory, elsewhere by its operators.</summary>
/// <remarks>float16 and bfloat16 parameters, which keep their state and arithmetic in float32, and parameters that are not contiguous are
/// updated on a copy that lives as long as the step. A parameter without a gradient is skipped: neither its state nor its step counter moves.
/// A step reads nothing from the device.</remarks>
internal sealed class UpdateEngine(UpdateRule rule, TurnGate gate)
{
    private static readonly Comparer<UpdateBatch> ByStage = Comparer<UpdateBatch>.Create((one, other) => one.Stage.CompareTo(other.Stage));

    /// <summary>The parameters of each group with their states, so that a step looks nothing up.</summary>
    private readonly List<(GroupOptions Options, (Parameter Parameter, ParameterState State)[] Slots)> _groups = [];

    /// <summary>The batches of the last step.</summary>
    private List<UpdateBatch> _last = [];

    /// <summary>How 16-bit weights are kept and rounded.</summary>
    public WeightRounding Rounding { get; set; }

    /// <summary>With <see cref="UpdateKernels.MultiTensor"/>, everything is left to operators, found_inf too, as on a GPU.</summary>
    public UpdateKernels Kernel { get; set; }

    public void Add(GroupOptions options, (Parameter Parameter, ParameterState State)[] slots) => _groups.Add((options, slots));

    public bool LeavesUnread(Tensor foundInf) => Kernel == UpdateKernels.MultiTensor || foundInf.device_type != DeviceType.CPU;

    /// <summary>One step, unless <paramref name="foundInf"/> is not 0.</summary>
    /// <exception cref="InvalidOperationException">A step is under way on another thread.</exception>
    public void Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf)
    {
        using var turn = gate.Enter();
        StepAlone(slots, foundInf);
    }

    private void StepAlone(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf)
    {
        using var withoutGradients = no_grad();
        using var scope = foundInf is null ? null : NewDisposeScope();
        // On the CPU reading the number costs nothing, and the counters need nothing from the device.
        if (foundInf is not null && !LeavesUnread(foundInf))
        {
            if (foundInf.Value() != 0) return;
            foundInf = null;
        }

        var batches = new List<UpdateBatch>();
        try
        {
            var index = 0;
            foreach (var (options, own) in _groups) Gather(options, own, slots, ref index, batches);
            for (var i = 0; i < batches.Count; i++) Step(batches[i], i < _last.Count ? _last[i] : null, foundInf);
            _last = batches;
        }
        finally
        {
            foreach (var batch in batches) batch.Dispose();
        }
    }

    private void Step(UpdateBatch batch, UpdateBatch? before, Tensor? foundInf)
    {
        var found = foundInf?.to(batch.Device);
        var known = found is null || Kernel == UpdateKernels.Reference || rule.MustKnow(batch);
        if (found is not null && known && found.Value() != 0) return;
        batch.Begin(before);
        Update(batch, known ? null : found);
        batch.End(KernelSets.Of(Kernel));
        if (found is not null) batch.LeaveOut(found);
    }

    private void Update(UpdateBatch batch, Tensor? foundInf)
    {
        if (Kernel == UpdateKernels.Automatic && foundInf is null && batch.Device.type == DeviceType.CPU)
        {
            if (UpdateMemory(batch)) return;
            batch.MakePlain(KernelSets.Of(Kernel));
            if (UpdateMemory(batch)) return;
        }
        if (rule.WantsPlain || batch.WantsPlain) batch.MakePlain(KernelSets.Of(Kernel));
        if (Kernel == UpdateKernels.Reference) rule.UpdateOneByOne(batch, foundInf);
        else rule.UpdateByOperators(batch, foundInf);
    }

    private bool UpdateMemory(UpdateBatch batch)
    {
        using var memory = batch.FindMemory();
        var done = memory is not null && rule.UpdateMemory(batch, memory);
        // The passes know only addresses; the batch keeps the tensors that they belong to alive.
        GC.KeepAlive(batch);
        return done;
    }

    /// <summary>Adds the batches of a group: usually one, more if some parameters have missed steps or are of other kinds.</summary>
    private void Gather(GroupOptions options, (Parameter Parameter, ParameterState State)[] own, IReadOnlyList<ParameterSlot> slots, ref int index,
        List<UpdateBatch> batches)
    {
        UpdateBatch? last = null;
        var made = batches.Count;
        foreach (var (parameter, state) in own)
        {
            var kind = new TensorKind(state.Shape, state.Kind.Type, state.Kind.Device, state.Kind.DeviceIndex);
            var slot = index < slots.Count && ReferenceEquals(slots[index].Parameter, parameter) ? slots[index] : null;
            index++;
            // A wrapper has checked its parameters after the last pass.
            if ((slot is null || parameter.IsInvalid || parameter.NumberOfElements != state.Elements)
                && ParameterCheck.Change(parameter, kind) is { } change)
                throw new InvalidOperationException($"Parameter {state.Index} {change}");
            if ((slot?.Final ?? parameter.grad?.DetachFromDisposeScope()) is not { } gradient) continue;
            var owned = !ReferenceEquals(gradient, slot?.Final);
            if (Objection(gradient, kind) is { } objection)
            {
                if (owned) gradient.Dispose();
                throw objection;
            }

            if (last is null || !last.Takes(state))
            {
                last = null;
                for (var i = made; i < batches.Count && last is null; i++) last = batches[i].Takes(state) ? batches[i] : null;
                if (last is null) batches.Add(last = new(options, rule, state, own.Length, Rounding));
            }
            last.Add(parameter, gradient, state, owned);
        }
        // In the order of their steps, so that the options show the last of them.
        if (batches.Count - made > 1) batches.Sort(made, batches.Count - made, ByStage);
    }

    /// <summary>What is wrong with a gradient, before anything is read from it. libtorch lets any tensor be a parameter's gradient.</summary>
    private static Exception? Objection(Tensor gradient, in TensorKind kind)
    {
        if (gradient.is_sparse) return new NotSupportedException($"A parameter of {kind} has a sparse gradient; dense ones are needed.");
        return kind.Fits(gradient) ? null : new InvalidOperationException(
            $"A parameter of {kind} has a gradient of {TensorKind.Of(gradient)}. Both must be alike; nothing has moved.");
    }
}

/// <summary>How the weights of 16-bit parameters are kept and rounded.</summary>
/// <param name="Masters">Whether float32 weights are kept, from which they are rounded to the nearest.</param>
/// <param name="AtRandom">Whether weights without masters are rounded at random.</param>
/// <param name="Seed">Determines the random numbers, with the step and the parameter.</param>
internal readonly record struct WeightRounding(bool Masters, bool AtRandom, long Seed);
