using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// How an optimizer updates parameters. The formula for one tensor is enough; passes over raw memory and operators for whole lists make it faster.
/// </summary>
internal abstract class UpdateRule
{
    /// <summary>What is kept for each parameter, always the same array.</summary>
    public abstract StateTensor[] Tensors { get; }

    /// <summary>TorchSharp's optimizer of the same algorithm. Default: null, there is none.</summary>
    public virtual TorchTwin? Twin => null;

    /// <summary>Whether operators need contiguous tensors of the state's dtype; others then take part as copies. Default: true.</summary>
    public virtual bool WantsPlain => true;

    /// <summary>
    /// What a step computes once for all parameters of a batch, if it depends on a parameter's past. Default: the number t of its own step, from
    /// 1.
    /// </summary>
    public virtual long StageOf(ParameterState state) => state.Attempts + 1;

    /// <summary>Whether a step that might be skipped can only be made once that is known, which waits for the device. Default: yes, since t
    /// is not known before. A rule that does not use t, or computes it on the device, says no.</summary>
    public virtual bool MustKnow(UpdateBatch batch) => true;

    /// <summary>Makes the step of a batch over raw memory; false if the rule does not support that.</summary>
    /// <param name="batch">The parameters.</param>
    /// <param name="memory">The addresses of weights (list 0) and gradients (list 1); the state's addresses come
    /// from <see cref="UpdateBatch.MemoryOf"/>.</param>
    public virtual bool UpdateMemory(UpdateBatch batch, TensorMemory memory) => false;

    /// <summary>Makes the step of a batch on any device, unless <paramref name="foundInf"/> says otherwise; it is null if that is known.</summary>
    public virtual void UpdateByOperators(UpdateBatch batch, Tensor? foundInf) => UpdateOneByOne(batch, foundInf);

    /// <summary>
    /// The formula: the step of the parameter at an index of the batch, in tensor operations whose temporaries a dispose scope frees.
    /// </summary>
    [InDisposeScope]
    protected abstract void Update(UpdateBatch batch, int place);

    public void UpdateOneByOne(UpdateBatch batch, Tensor? foundInf)
    {
        using var leaveOut = foundInf?.to(ScalarType.Bool);
        for (var i = 0; i < batch.Weights.Length; i++)
        {
            if (batch.Weights[i].NumberOfElements == 0) continue;
            using var scope = NewDisposeScope();
            // Only the device knows whether the step counts, so it is taken back there.
            var before = leaveOut is null ? [] : batch.TensorsAt(i).Select(tensor => (Tensor: tensor, Copy: tensor.clone())).ToArray();
            Update(batch, i);
            foreach (var (tensor, copy) in before) tensor.copy_(where(leaveOut!, copy, tensor));
        }
    }
}
