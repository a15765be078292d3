using SamSharp.Kernels;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Computes gradients at perturbed weights, and puts the weights back bit for bit before anything
/// is updated, even if a closure throws.</summary>
/// <remarks>Running statistics of normalization layers see every pass.</remarks>
internal sealed class PerturbedPasses : IDisposable
{
    public ParameterTable Table { get; } = new(null, _ => 0, _ => true);

    public WeightScope Weights { get; } = new(KernelSets.Default);

    /// <summary>The lists that have gradients now.</summary>
    public IReadOnlyList<ParameterBucket> Lists => [.. Table.Filled];

    public void Add(ParamGroup group) => Table.Add(group, group.Parameters, new SharpnessGroup());

    /// <summary>
    /// Sets the weights of all lists to what <paramref name="weight"/> computes from the list, the index in it and the present weight.
    /// </summary>
    public void MoveTo([InDisposeScope] Func<ParameterBucket, int, Tensor, Tensor> weight)
    {
        using var noGradient = no_grad();
        var lists = Lists;
        Weights.Move(lists, () =>
        {
            foreach (var list in lists)
            {
                for (var i = 0; i < list.Parameters.Count; i++)
                {
                    using var scope = NewDisposeScope();
                    list.Results[i].copy_(weight(list, i, list.Weights[i]));
                }
            }
        });
    }

    public void PutBack()
    {
        Weights.Restore();
        Table.ReleaseGradients();
        Autocast.DropCopies();
    }

    /// <summary>Whether no number is infinite or NaN; reads one value for each device and type.</summary>
    public static bool AreFinite(IEnumerable<Tensor> tensors)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return tensors.GroupBy(tensor => (tensor.device.ToString(), tensor.dtype))
            .All(list => double.IsFinite(KernelSets.Default.Norm([.. list]).Value()));
    }

    public void Dispose() => Weights.Dispose();
}
