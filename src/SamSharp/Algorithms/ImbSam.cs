using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of ImbSAM, which flattens the loss of rare classes only: e follows the tail's loss, and the base optimizer gets
    /// the head's gradient at w plus the tail's gradient at w + e (Zhou et al., "ImbSAM: A Closer Look at Sharpness-Aware
    /// Minimization in Class-Imbalanced Recognition", 2023).
    /// </summary>
    /// <param name="optimizer">The optimizer; its combiner must not act after the step.</param>
    /// <param name="head">Computes the summed loss of the frequent classes' examples divided by the size of the whole batch, and calls
    /// <c>backward()</c>; null if there are none.</param>
    /// <param name="tail">The same for rare classes; null if there are none, which makes a plain step.</param>
    /// <returns>The whole loss at w, without history. The losses that the closures return are freed.</returns>
    /// <exception cref="ArgumentException">Both are null.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Gradient"/> and
    /// <see cref="SharpnessAwareOptimizer.Apply"/>.</exception>
    public static Tensor ImbalancedStep(this SharpnessAwareOptimizer optimizer, Func<Tensor>? head, Func<Tensor>? tail)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if ((head ?? tail) is null) throw new ArgumentException("A step needs examples, of frequent or of rare classes.", nameof(head));
        Composition.RequireNothingAfterStep(optimizer.Options, "A step of ImbSAM");
        return optimizer.InNewStep(step =>
        {
            using var scope = NewDisposeScope();
            var table = optimizer.Services.Table;
            Tensor? loss = null;
            if (tail is null) table.ClearGradients();
            else loss = step.Run(tail, optimizer.StagesOf(tail)).detach();
            if (head is not null)
            {
                using var gradients = enable_grad(); // the head's gradient adds to the tail's
                optimizer.Services.Scale?.ScaleAgain(table.Filled.Select(bucket => bucket.Final));
                var headLoss = ClosureErrors.Explain(() => Autocast.Call(head));
                ScalarLoss.Require(headLoss);
                var own = headLoss.detach();
                loss = loss is null ? own : loss.Plus(own);
            }
            optimizer.Services.Report.LossTensor = loss;
            table.RequireGradients("last", perturbed: false);
            step.StepBase();
            return loss!.MoveToOuterDisposeScope();
        });
    }
}
