using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of Functional-SAM: forward at w + e, backward with the gradient u of the loss with respect to the logits at w, so that
    /// the descent gradient is J(w + e)' u. It keeps the part of SAM that flattens the function, and leaves out the part that acts through
    /// the logits, which harms language models (Singh, Mobahi, Agarwala, Dauphin, "Avoiding spurious sharpness minimization broadens
    /// applicability of SAM", 2025; implemented from the paper, code not seen; without its optional preconditioning).
    /// </summary>
    /// <remarks>Set <see cref="SharpnessAwareOptions.ReplayRandomness"/> if the model has dropout. The step needs an
    /// additional buffer as large as the logits.</remarks>
    /// <param name="optimizer">The optimizer; its recipe defines e.</param>
    /// <param name="logits">Computes the logits of the batch, the same batch in the same order each time. Called once or twice.</param>
    /// <param name="loss">Computes the loss of such logits.</param>
    /// <returns>The loss at w, without history.</returns>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>;
    /// or the recipe makes no pass at w.</exception>
    public static Tensor FunctionalStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> logits, Func<Tensor, Tensor> loss)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(loss);
        Tensor? clean = null;

        // The first pass of the step is made at w, and its cotangent is kept. Further ascents use their own.
        Tensor Pass(bool ascends)
        {
            if (clean is null && optimizer.IsPerturbed)
                throw new InvalidOperationException("Functional-SAM starts from the loss's gradient with respect to the logits at w, " +
                    "but the recipe makes no pass there. Use a direction that follows the gradient.");
            using var scope = NewDisposeScope();
            var outputs = ClosureResult.Require(logits(), "the logits");
            if (!outputs.requires_grad)
                throw new InvalidOperationException("The logits do not depend on trainable parameters: " +
                    "they were detached or computed under no_grad.");
            var leaf = outputs.detach().requires_grad_();
            var value = loss(leaf);
            ScalarLoss.RequireGraph(value);
            if (ascends || clean is null)
            {
                optimizer.Backward(value);
                var cotangent = leaf.grad ?? throw new InvalidOperationException("The loss does not depend on the logits that it was given.");
                clean ??= cotangent.detach().DetachFromDisposeScope();
                outputs.backward([cotangent]);
            }
            else
            {
                ClosureResult.RequireLike(outputs, clean, "the logits, which are those of the first pass,");
                outputs.backward([clean]);
                optimizer.Services.Scale?.NoteScaled(); // the kept gradient is
            }
            return value.detach().MoveToOuterDisposeScope();
        }

        try
        {
            return optimizer.Step(() => Pass(ascends: false), () => Pass(ascends: true));
        }
        finally
        {
            clean?.Dispose();
        }
    }
}
