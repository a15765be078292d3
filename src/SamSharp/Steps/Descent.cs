using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>The second half of a step: every parameter that has a gradient, and what is known about w and w + e.</summary>
public sealed class Descent : StepPhase
{
    private readonly FurtherPasses? _further;
    private IReadOnlyList<ParameterBucket>? _pairs;

    internal Descent(StepServices services, IReadOnlyList<ParameterBucket> buckets, FurtherPasses? further) : base(services, buckets)
    {
        _further = further;
        services.Activities.Enter(StepActivities.Descent, Step);
    }

    /// <summary>The loss at w, without history; null when it is not known, as in a two-phase loop.</summary>
    public Tensor? Loss => Services.Report.LossTensor;

    /// <summary>The loss at w + e, without history; null when it is not known.</summary>
    public Tensor? PerturbedLoss => Services.Report.PerturbedLossTensor;

    /// <summary>The closure of the ascent, usually the one that is minimized too; null in a two-phase loop.</summary>
    public Func<Tensor>? AscentClosure => _further?.AscentClosure;

    /// <summary>The parameters that both passes reached, with both gradients. Complete only where the combiner says
    /// <see cref="ICombiner.NeedsAscentGradients"/>.</summary>
    public IReadOnlyList<ParameterBucket> Pairs =>
        _pairs ??= Buckets.Select(bucket => bucket.WithBothGradients()).OfType<ParameterBucket>().ToArray();

    /// <summary>What <see cref="ICombiner.Inspect"/> leaves for <see cref="ICombiner.Combine"/>: a number or tensor, freed with the step.</summary>
    public Tensor? Inspected { get; set; }

    /// <summary>The inner product of g and g+.</summary>
    public Tensor Product() => Sum(Pairs, pair => Dot(pair.AtWeights, pair.AtPerturbed));

    /// <summary>|g|, over the parameters that both passes reached.</summary>
    public Tensor NormAtWeights() => GlobalNorm(Pairs, pair => Norm(pair.AtWeights));

    /// <summary>|g+|, over the parameters that both passes reached.</summary>
    public Tensor NormAtPerturbed() => GlobalNorm(Pairs, pair => Norm(pair.AtPerturbed));

    /// <summary>The cosine of the angle between g and g+.</summary>
    internal Tensor Cosine()
    {
        var squares = Sum(Pairs, pair => Dot(pair.AtWeights, pair.AtWeights)).mul(Sum(Pairs, pair => Dot(pair.AtPerturbed, pair.AtPerturbed)));
        return Product().div(squares.sqrt());
    }

    /// <summary>The coefficient c of one gradient's projection on another of the given norm: product / norm^2, or 0 where the norm is 0.</summary>
    public Tensor Along(Tensor product, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(product);
        var inverse = Inverse(norm);
        return product.mul(inverse).mul(inverse); // this order neither overflows nor turns small norms into NaN
    }

    /// <summary>Gives the base optimizer these gradients instead of the gradients at w + e, which the bucket keeps.</summary>
    /// <param name="bucket">One of <see cref="StepPhase.Buckets"/> or <see cref="Pairs"/>.</param>
    /// <param name="gradients">One for each parameter of the bucket, of its shape, dtype and device.</param>
    public static void HandOver(ParameterBucket bucket, Tensor[] gradients)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        ArgumentNullException.ThrowIfNull(gradients);
        if (gradients.Length != bucket.Parameters.Count)
            throw new ArgumentException($"There are {gradients.Length} gradients for {bucket.Parameters.Count} parameters.", nameof(gradients));
        for (var i = 0; i < gradients.Length; i++) bucket.Parameters[i].Parameter.grad = gradients[i];
    }

    /// <summary>What <see cref="ICombiner.AfterStep"/> moves: the weights, or the masters that 16-bit weights are rounded from, which are rounded
    /// afterward.</summary>
    /// <param name="bucket">One of <see cref="StepPhase.Buckets"/> or <see cref="Pairs"/>.</param>
    public Tensor[] Movable(ParameterBucket bucket)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        return [.. bucket.Parameters.Select(Services.Base.WidestOf)];
    }

    /// <summary>Loss and gradients at w + multiple e, with the e of this step; -1 is the opposite point.
    /// For combiners that say <see cref="ICombiner.NeedsFurtherPasses"/>.</summary>
    /// <param name="multiple">Multiple of e.</param>
    /// <returns>Loss and gradients; dispose them. Gradients and weights of the model are as before.</returns>
    /// <exception cref="InvalidOperationException">The combiner does not say that it needs further passes, or the step has no closure.</exception>
    public PointGradients At(double multiple) => Further.At(multiple);

    /// <summary>Loss and gradients at w + e', where e' follows another random direction.
    /// For combiners that say <see cref="ICombiner.NeedsFurtherPasses"/>.</summary>
    /// <param name="draw">The index of the draw; the step's own perturbation is 0.</param>
    /// <returns>Loss and gradients; dispose them. Gradients and weights of the model are as before.</returns>
    /// <exception cref="InvalidOperationException">The combiner does not say that it needs further passes, or the step has no closure.</exception>
    public PointGradients AtDraw(int draw) => Further.AtDraw(draw);

    /// <summary>Loss and gradients at any weights. For combiners that say <see cref="ICombiner.NeedsFurtherPasses"/>.</summary>
    /// <param name="move">Writes other weights into <see cref="ParameterBucket.Results"/>, from <see cref="ParameterBucket.Weights"/>.</param>
    /// <param name="closure">The loss; null for the step's own closure.</param>
    /// <returns>Loss and gradients; dispose them. Gradients and weights of the model are as before.</returns>
    /// <exception cref="InvalidOperationException">The combiner does not say that it needs further passes, or the step has no closure.</exception>
    public PointGradients AtPoint(Action<Ascent> move, Func<Tensor>? closure = null)
    {
        ArgumentNullException.ThrowIfNull(move);
        return Further.AtPoint(move, closure);
    }

    /// <summary>Loss and gradients at the end of consecutive ascents that start at w.</summary>
    internal PointGradients AtEndOf(params Leg[] legs) => Further.AtEndOf(null, legs);

    /// <summary>Loss and gradients at the end of consecutive ascents that start at another random point.</summary>
    internal PointGradients FromDraw(int draw, params Leg[] legs) => Further.AtEndOf(draw, legs);

    /// <summary>Whether the ascent climbed another loss than the one that is minimized.</summary>
    internal bool HasOtherAscent => _further?.HasOtherAscent == true;

    /// <summary>Loss and gradients of another loss at w + multiple e.</summary>
    internal PointGradients At(double multiple, Func<Tensor>? closure) => Further.At(multiple, closure);

    /// <summary>The step's number, learning rates and the param group's index, as a radius schedule sees them.</summary>
    internal StepInfo InfoOf(ParameterBucket bucket) => new(Step, bucket.LearningRate,
        Services.Base.Optimizer.ParamGroups.ElementAt(bucket.Group).InitialLearningRate, bucket.Group);

    private FurtherPasses Further => _further ?? throw new InvalidOperationException(
        "No further pass can be made here: the combiner must say NeedsFurtherPasses, and the step must have a closure.");
}
