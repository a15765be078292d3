using SamSharp.Kernels;
using TorchSharp;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One ascent: the lists to perturb, each with its direction and radius, and the kernels to do it with.</summary>
public sealed class Ascent : Pass, IDisposable
{
    private readonly List<Tensor> _owned = [];
    private Tensor[][] _directions = [];

    internal Ascent(long step, int draw, IReadOnlyList<TensorList> lists, ITensorListKernels kernels, Optimizer baseOptimizer) : base(step, lists, kernels, baseOptimizer) => Draw = draw;

    /// <summary>Which perturbation of the step this is, from 0, where a step makes several that differ: one for each part of the batch, or for each point that a combiner asks
    /// for. Together with <see cref="Pass.Step"/> it seeds random directions.</summary>
    public int Draw { get; }

    /// <summary>radius / (norm + floor) as a list's kernels take it: on its device, in its accumulator's dtype; 0 where the norm is 0 or not finite.</summary>
    public Tensor Scale(TensorList list, Tensor norm, double floor)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(norm);
        using var scope = NewDisposeScope();
        return Factor(list, Kernels.Scale(norm, list.Radius, floor)).MoveToOuterDisposeScope();
    }

    /// <summary>The radius itself as a list's kernels take it, and 0 where the norm is 0 or not finite: for directions that are not to be normalised.</summary>
    public static Tensor Reach(TensorList list, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(norm);
        using var scope = NewDisposeScope();
        var usable = norm.isfinite().logical_and(norm.gt(0));
        return Factor(list, usable.to_type(list.Accumulator).mul(list.Radius)).MoveToOuterDisposeScope();
    }

    /// <summary>The norm that scaled e; null unless <see cref="Keep"/> was called.</summary>
    internal Tensor? KeptNorm { get; private set; }

    /// <summary>Keeps what e was made of, so that it can be made again at another reach.</summary>
    internal void Keep(Tensor norm, DisposeScope scope)
    {
        _directions = Lists.Select(list => list.Direction).ToArray();
        KeptNorm = norm;
        foreach (var made in _directions.SelectMany(direction => direction).Append(norm).Where(scope.Contains)) _owned.Add(made.DetachFromDisposeScope());
    }

    /// <summary>Gives the lists the directions back that were kept.</summary>
    internal void ReturnDirections()
    {
        foreach (var (list, direction) in Lists.Zip(_directions)) list.Direction = direction;
    }

    /// <summary>Frees what was kept. The optimizer does this itself.</summary>
    public void Dispose()
    {
        foreach (var made in _owned) made.Dispose();
        _owned.Clear();
        _directions = [];
        KeptNorm = null;
    }
}
