using SamSharp.Kernels;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>The second half of a step: every parameter that has a gradient, and what is known of the two points.</summary>
public sealed class Descent : Pass
{
    private readonly IFurtherPasses? _further;

    internal Descent(long step, IReadOnlyList<TensorList> lists, ITensorListKernels kernels, Optimizer baseOptimizer, StepReport report, IFurtherPasses? further = null)
        : base(step, lists, kernels, baseOptimizer)
    {
        Loss = report.LossTensor;
        PerturbedLoss = report.PerturbedLossTensor;
        _further = further;
    }

    /// <summary>The loss at w, without history; null when it is not known, as in a loop written by hand.</summary>
    public Tensor? Loss { get; }

    /// <summary>The loss at w + e, without history; null when it is not known.</summary>
    public Tensor? PerturbedLoss { get; }

    /// <summary>The closure that the step was given to climb, as a rule the one that is minimized too; null in a loop written by hand.</summary>
    public Func<Tensor>? AscentClosure { get; internal init; }

    /// <summary>Loss and gradients at w + reach e, with the e of this step; reach -1 is the point opposite. For combiners that say <see cref="ICombiner.NeedsFurtherPasses"/>.</summary>
    /// <param name="reach">Multiple of e.</param>
    /// <returns>To be disposed; gradients and weights of the model are as before.</returns>
    public FurtherPass At(double reach) => Further.At(reach);

    /// <summary>Loss and gradients at w + e', where e' is made anew along another random direction. For combiners that say <see cref="ICombiner.NeedsFurtherPasses"/>.</summary>
    /// <param name="draw">Which: the step's own perturbation is 0.</param>
    /// <returns>To be disposed; gradients and weights of the model are as before.</returns>
    public FurtherPass AtDraw(int draw) => Further.AtDraw(draw);

    /// <summary>Loss and gradients at weights of one's own making. For combiners that say <see cref="ICombiner.NeedsFurtherPasses"/>.</summary>
    /// <param name="move">Writes other weights, given the lists with <see cref="TensorList.Weights"/> and <see cref="TensorList.Results"/>.</param>
    /// <param name="closure">The loss; null for the step's own closure.</param>
    /// <returns>To be disposed; gradients and weights of the model are as before.</returns>
    public FurtherPass AtPoint(Action<IReadOnlyList<TensorList>> move, Func<Tensor>? closure = null) => Further.AtPoint(move, closure);

    private IFurtherPasses Further => _further ?? throw new InvalidOperationException("No further pass can be made here: the combiner must say NeedsFurtherPasses, and the step must have a closure.");
}
