using SamSharp.Kernels;
using SamSharp.Parameters;
using static TorchSharp.torch;

namespace SamSharp.Geometries;

/// <summary>One ascent: the lists to perturb, each with its direction and radius, and the kernels to do it with.</summary>
public sealed class Ascent
{
    internal Ascent(IReadOnlyList<TensorList> lists, ITensorListKernels kernels)
    {
        Lists = lists;
        Kernels = kernels;
    }

    /// <summary>The lists to perturb; each has at least one tensor.</summary>
    public IReadOnlyList<TensorList> Lists { get; }

    /// <summary>The operations over lists.</summary>
    public ITensorListKernels Kernels { get; }

    /// <summary>One norm over every list, whatever their devices and dtypes: sqrt(sum of the lists' squared norms).</summary>
    public Tensor GlobalNorm(Func<TensorList, Tensor> norm)
    {
        ArgumentNullException.ThrowIfNull(norm);
        if (Lists.Count == 1) return norm(Lists[0]);

        using var scope = NewDisposeScope();
        var device = Lists[0].Device;
        var parts = Lists.Select(list => norm(list).to(ScalarType.Float64, device)).ToArray();
        return linalg.vector_norm(stack(parts)).MoveToOuterDisposeScope();
    }

    /// <summary>radius / (norm + floor) as a list's kernels take it: on its device, in its accumulator's dtype.</summary>
    public Tensor Scale(TensorList list, Tensor norm, double floor)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(norm);
        using var scope = NewDisposeScope();
        var scale = Kernels.Scale(norm, list.Radius, floor);
        return scale.to(list.Accumulator, list.Device).MoveToOuterDisposeScope();
    }
}
