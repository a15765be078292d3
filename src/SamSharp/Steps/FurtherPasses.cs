using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Passes at further points, for combiners that ask for them while the weights are at w.</summary>
/// <param name="step">The step under way.</param>
/// <param name="services">What the step works with.</param>
/// <param name="perturbation">Moves the weights.</param>
/// <param name="scope">The dispose scope in which the combiner works.</param>
/// <param name="stepAscent">The step's ascent; null in a plain step, which has no further passes.</param>
/// <param name="closure">The loss to minimize.</param>
/// <param name="ascentClosure">The loss that was climbed.</param>
internal sealed class FurtherPasses(
    SharpnessStep step, StepServices services, Perturbation perturbation, DisposeScope scope, Ascent? stepAscent,
    Func<Tensor> closure, Func<Tensor> ascentClosure)
{
    /// <summary>The loss that was climbed.</summary>
    public Func<Tensor> AscentClosure { get; } = ascentClosure;

    /// <summary>Whether that is another loss than the one to minimize.</summary>
    public bool HasOtherAscent { get; } = ascentClosure != closure;

    public PointGradients At(double multiple, Func<Tensor>? other = null) =>
        Evaluate(other ?? closure, ascent => perturbation.MoveAgain(ascent, multiple));

    public PointGradients AtDraw(int draw) => Evaluate(closure, _ =>
    {
        using var ascent = perturbation.New(draw);
        perturbation.Move(ascent, 1);
    });

    public PointGradients AtPoint(Action<Ascent> move, Func<Tensor>? other) =>
        Evaluate(other ?? closure, ascent => services.Weights.Move(ascent.Buckets, () => move(ascent)));

    public PointGradients AtEndOf(int? draw, IReadOnlyList<Leg> legs) => Evaluate(closure, ascent =>
    {
        using var fresh = draw is { } index ? perturbation.New(index) : null;
        if (fresh is not null) perturbation.Move(fresh, 1);
        foreach (var leg in legs) perturbation.MoveAlong(ascent, leg);
    });

    /// <summary>Evaluates a closure where <paramref name="move"/> takes the weights, and leaves weights,
    /// gradients and buckets as they were.</summary>
    private PointGradients Evaluate(Func<Tensor> loss, Action<Ascent> move)
    {
        // The buckets go back to the ascent's parameters and gradients at w; the gradients of the second pass are held meanwhile.
        var held = services.Table.TakeGradients();
        try
        {
            if (services.NeedsFirstPass) services.Table.TakeUpAscentGradients();
            else services.Table.TakeUpAll();
            move(stepAscent!);
            services.Statistics.Save();
            var ours = scope.DisposablesView.ToHashSet<IDisposable>(ReferenceEqualityComparer.Instance);
            var value = step.EvaluateAgain(loss);
            services.NoteLoss(value);
            // Everything else that the closure created belongs to the caller's scope, not to the combiner's.
            scope.MoveToOuter(scope.DisposablesView.Where(made => !ours.Contains(made)).ToArray());
            services.Table.ReadGradients(perturbed: true);
            return new PointGradients(value.DetachFromDisposeScope(), services.Table.TakeGradients());
        }
        finally
        {
            services.PutBack();
            services.Table.PutGradients(held);
        }
    }
}
