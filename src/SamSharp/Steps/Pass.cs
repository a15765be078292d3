using SamSharp.Kernels;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What the parts of a recipe work on in one phase of a step.</summary>
public abstract class Pass
{
    private protected Pass(long step, IReadOnlyList<TensorList> lists, ITensorListKernels kernels, Optimizer baseOptimizer)
    {
        Step = step;
        BaseOptimizer = baseOptimizer;
        Lists = lists;
        Kernels = kernels;
    }

    /// <summary>The number of the step under way, from 1.</summary>
    public long Step { get; }

    /// <summary>The base optimizer, for parts that follow its state, such as its momentum.</summary>
    public Optimizer BaseOptimizer { get; }

    /// <summary>The parameters in lists; each has at least one.</summary>
    public IReadOnlyList<TensorList> Lists { get; }

    /// <summary>The operations over lists.</summary>
    public ITensorListKernels Kernels { get; }

    /// <summary>Adds up a number of every list, on the first list's device: the list's own tensor when there is one list only, otherwise in float64.</summary>
    public Tensor Sum(Func<TensorList, Tensor> part)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (Lists.Count == 1) return part(Lists[0]);

        using var scope = NewDisposeScope();
        return stack(Joined(part)).sum().MoveToOuterDisposeScope();
    }

    /// <summary>One norm over every list, whatever their devices and dtypes: sqrt(sum of the lists' squared norms).</summary>
    public Tensor GlobalNorm(Func<TensorList, Tensor> norm)
    {
        ArgumentNullException.ThrowIfNull(norm);
        if (Lists.Count == 1) return norm(Lists[0]);

        using var scope = NewDisposeScope();
        return Kernels.Norm(Joined(norm)).MoveToOuterDisposeScope();
    }

    /// <summary>A number without dimensions as a list's kernels take it: on its device, in its accumulator's dtype.</summary>
    public static Tensor Factor(TensorList list, Tensor number)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(number);
        return number.to(list.Accumulator, list.Device);
    }

    /// <summary>A number as a list's kernels take it.</summary>
    public static Tensor Factor(TensorList list, double number)
    {
        ArgumentNullException.ThrowIfNull(list);
        return tensor(number, list.Accumulator, list.Device);
    }

    private Tensor[] Joined(Func<TensorList, Tensor> part)
    {
        var device = Lists[0].Device;
        return Lists.Select(list => part(list).to(ScalarType.Float64, device)).ToArray();
    }
}
