using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Another geometry of directions that are scaled by their filters' norms first: d * ||w_f||, where a filter is a slice of the weight along its first dimension, and a vector
/// is one filter (LPF-SGD: Bisla, Wang, Choromanska, "Low-Pass Filtering SGD for Recovering Flat Optima in the Deep Learning Optimization Landscape", 2022; RWP).
/// </summary>
/// <param name="inner">What happens to the scaled directions.</param>
public sealed class FilterGeometry(IGeometry inner) : GeometryDecorator(inner)
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) list.Direction = list.Direction.Select((direction, i) => direction * Filters.Norms(list.Weights[i])).ToArray();
        return Inner.Norm(ascent);
    }
}
