using SamSharp.Kernels.Vectorized;
using SamSharp.Steps;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// What <see cref="FusedAdam"/>, <see cref="FusedAdamW"/> and <see cref="FusedSGD"/> share: every number of the update is read and written once, for all the parameters of
/// a group that are alike together; on the CPU by vectorized passes, elsewhere by libtorch's fused operators.
/// </summary>
/// <remarks>float16 and bfloat16 parameters, which keep their state and arithmetic in float32, and parameters that are not contiguous are
/// updated on a copy that lives as long as the step. A parameter without gradient is skipped: neither its state nor its step
/// counter moves. A step reads nothing back from the device.</remarks>
/// <typeparam name="TOptions">The hyper-parameters of a group.</typeparam>
/// <typeparam name="TState">What is remembered of a parameter.</typeparam>
public abstract class FusedOptimizer<TOptions, TState> : StatefulOptimizer<TOptions, TState>, IGuardedOptimizer
    where TOptions : GroupOptions, new()
    where TState : FusedState
{
    /// <summary>The parameters of each group with their states, so that a step looks nothing up.</summary>
    private readonly List<(TOptions Options, (Parameter Parameter, TState State)[] Slots)> _groups = [];

    /// <summary>The batches of the last step.</summary>
    private List<FusedBatch<TOptions, TState>> _last = [];

    private protected FusedOptimizer(IEnumerable<ParamGroup> groups, TOptions defaults) : base(groups, defaults)
    {
    }

    /// <summary>Makes the step of a batch over raw memory: weights, gradients, and the state's tensors in their order.</summary>
    private protected abstract void Update(FusedBatch<TOptions, TState> batch, TensorMemory memory);

    /// <summary>Makes the step of a batch, unless <paramref name="foundInf"/> says otherwise; it is null where that is known.</summary>
    private protected abstract void UpdateByLibtorch(FusedBatch<TOptions, TState> batch, Tensor? foundInf);

    /// <summary>Whether a step that might be left out can only be made once that is known.</summary>
    private protected virtual bool MustKnow(FusedBatch<TOptions, TState> batch) => false;

    /// <summary>Whether everything is left to libtorch's operators, found_inf too, as on a GPU. For tests.</summary>
    internal bool DecidesOnDevice { get; set; }

    private protected override void Adopt(ParamGroup group, TOptions options, (Parameter Parameter, TState State)[] slots) => _groups.Add((options, slots));

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="closure">Computes the loss and its gradients first; optional.</param>
    /// <returns>The closure's loss, or null.</returns>
    /// <exception cref="NotSupportedException">A gradient is sparse; nothing has moved.</exception>
    /// <exception cref="InvalidOperationException">A parameter has been disposed; nothing has moved.</exception>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using var withGradients = enable_grad();
            loss = closure();
        }

        Step([], null);
        return loss!;
    }

    void IGuardedOptimizer.Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf) => Step(slots, foundInf);

    bool IGuardedOptimizer.LeavesUnread(Tensor foundInf) => LeavesUnread(foundInf);

    private bool LeavesUnread(Tensor foundInf) => DecidesOnDevice || foundInf.device_type != DeviceType.CPU;

    private void Update(FusedBatch<TOptions, TState> batch, Tensor? foundInf)
    {
        var byLibtorch = DecidesOnDevice || foundInf is not null;
        using var memory = byLibtorch ? null : batch.FindMemory();
        if (memory is not null)
        {
            Update(batch, memory);
            return;
        }
        batch.MakePlain();
        using var plain = byLibtorch ? null : batch.FindMemory();
        if (plain is not null) Update(batch, plain);
        else UpdateByLibtorch(batch, foundInf);
    }

    private void Step(IReadOnlyList<ParameterSlot> slots, Tensor? foundInf)
    {
        using var withoutGradients = no_grad();
        using var scope = foundInf is null ? null : NewDisposeScope();
        // On the CPU the number can be had for nothing, and the counters need not be told from the device.
        if (foundInf is not null && !LeavesUnread(foundInf))
        {
            if (foundInf.Value() != 0) return;
            foundInf = null;
        }

        var batches = new List<FusedBatch<TOptions, TState>>();
        try
        {
            var index = 0;
            foreach (var (options, own) in _groups) Gather(options, own, slots, ref index, batches);
            for (var i = 0; i < batches.Count; i++)
            {
                var batch = batches[i];
                var found = foundInf?.to(batch.Device);
                if (found is not null && MustKnow(batch) && found.Value() != 0) continue;
                batch.Begin(i < _last.Count ? _last[i] : null);
                Update(batch, found);
                batch.End();
                if (found is not null) batch.LeaveOut(found);
            }
            _last = batches;
        }
        finally
        {
            foreach (var batch in batches) batch.Dispose();
        }
    }

    /// <summary>Adds the batches of a group: as a rule one, more where some parameters have missed steps or lie elsewhere.</summary>
    private void Gather(TOptions options, (Parameter Parameter, TState State)[] own, IReadOnlyList<ParameterSlot> slots, ref int index, List<FusedBatch<TOptions, TState>> batches)
    {
        FusedBatch<TOptions, TState>? last = null;
        var made = batches.Count;
        foreach (var (parameter, state) in own)
        {
            if (parameter.IsInvalid)
                throw new InvalidOperationException("A parameter of this optimizer has been disposed; model.to(...) replaces parameters: make the optimizer after it.");
            var slot = index < slots.Count && ReferenceEquals(slots[index].Parameter, parameter) ? slots[index] : null;
            index++;
            if ((slot?.Final ?? parameter.grad?.DetachFromDisposeScope()) is not { } gradient) continue;
            var owned = !ReferenceEquals(gradient, slot?.Final);
            if (slot is null && gradient.is_sparse)
            {
                if (owned) gradient.Dispose();
                throw new NotSupportedException($"A parameter of shape [{string.Join(", ", parameter.shape)}] has a sparse gradient; {GetType().Name} needs dense ones.");
            }

            if (last is null || !last.Takes(state))
            {
                last = null;
                for (var i = made; i < batches.Count && last is null; i++) last = batches[i].Takes(state) ? batches[i] : null;
                if (last is null) batches.Add(last = new(options, state, own.Length));
            }
            last.Add(parameter, gradient, state, owned);
        }
    }
}
