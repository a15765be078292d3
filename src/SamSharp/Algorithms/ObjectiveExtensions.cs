using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Steps whose two passes differ in more than the point where they are made.</summary>
public static class ObjectiveExtensions
{
    /// <summary>
    /// One step of Functional-SAM: forward at w + e, backward with the loss's gradient u with respect to the logits at w, so that the descent gradient is J(w + e)' u. It keeps the part of SAM
    /// that flattens the function, and leaves out the part that acts through the logits, which harms language models
    /// (Singh, Mobahi, Agarwala, Dauphin, "Avoiding spurious sharpness minimization broadens applicability of SAM", 2025; from the paper, code not seen; without its optional preconditioning).
    /// </summary>
    /// <remarks>Set <see cref="SharpnessAwareOptions.ReplayRandomness"/> where the model has dropout. In memory it costs a buffer as large as the logits.</remarks>
    /// <param name="optimizer">The optimizer; its recipe says how e is made.</param>
    /// <param name="logits">Computes the logits of the batch, the same batch in the same order each time. Called once or twice.</param>
    /// <param name="loss">The loss of such logits.</param>
    /// <returns>The loss at w, without history.</returns>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>; or the recipe makes no pass at w.</exception>
    public static Tensor FunctionalStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> logits, Func<Tensor, Tensor> loss)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(loss);
        Tensor? clean = null;

        // The first pass of the step is made at w; its cotangent is kept. Further ascents climb with their own.
        Tensor Pass(bool ascends)
        {
            if (clean is null && optimizer.IsPerturbed)
                throw new InvalidOperationException("Functional-SAM starts from the loss's gradient with respect to the logits at w, but the recipe makes no pass there. Use a direction that follows the gradient.");
            using var scope = NewDisposeScope();
            var outputs = logits();
            var leaf = outputs.detach().requires_grad_();
            var value = loss(leaf);
            if (ascends || clean is null)
            {
                value.backward();
                clean ??= leaf.grad!.detach().DetachFromDisposeScope();
                outputs.backward([leaf.grad!]);
            }
            else
            {
                outputs.backward([clean]);
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

    /// <summary>
    /// One step of ImbSAM: only examples of rare classes are made flat. e is made of the tail's loss, and the base optimizer gets the head's gradient at w plus the tail's at w + e
    /// (Zhou et al., "ImbSAM: A Closer Look at Sharpness-Aware Minimization in Class-Imbalanced Recognition", 2023).
    /// </summary>
    /// <param name="optimizer">The optimizer; its combiner must not act after the step.</param>
    /// <param name="head">The loss of the frequent classes' examples, backward() called, divided by the size of the whole batch; null when there are none.</param>
    /// <param name="tail">The same for rare classes; null when there are none: a plain step.</param>
    /// <returns>The whole loss at w, without history. The closures' own losses are freed.</returns>
    /// <exception cref="ArgumentException">Both are null.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Gradient"/> and <see cref="SharpnessAwareOptimizer.Apply"/>.</exception>
    public static Tensor ImbalancedStep(this SharpnessAwareOptimizer optimizer, Func<Tensor>? head, Func<Tensor>? tail)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if ((head ?? tail) is null) throw new ArgumentException("A step needs examples, of frequent or of rare classes.", nameof(head));
        if (optimizer.IsPerturbed) throw new InvalidOperationException("A step cannot begin while the weights are perturbed: call Descend() or Restore() first.");
        using var scope = NewDisposeScope();
        Tensor? loss = null;
        if (tail is null)
        {
            foreach (var parameter in optimizer.parameters()) parameter.grad = null;
        }
        else
        {
            loss = optimizer.Gradient(tail).detach();
        }
        if (head is not null)
        {
            using var gradients = enable_grad(); // the head's gradient adds to the tail's
            var own = head().detach();
            loss = loss is null ? own : loss + own;
        }
        optimizer.Apply();
        return loss!.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One step of OT-MDR: an ascent on one half of the batch, from there another on the other half, the descent on the whole batch
    /// (Nguyen et al., "Optimal Transport Model Distributional Robustness", 2023; anh-ntv/OT_MDR, without its optional merging of the directions and its noise).
    /// </summary>
    /// <param name="optimizer">The optimizer; its rho is the first radius. The authors' code has 0.05 for both radii, its README 0.1 and 0.2.</param>
    /// <param name="closure">The loss of the whole batch.</param>
    /// <param name="firstHalf">The loss of the first half.</param>
    /// <param name="secondHalf">The loss of the second half.</param>
    /// <param name="ratio">The second radius as a multiple of the first; at least 0, where 0 leaves the second ascent out. Default 1.</param>
    /// <returns>The loss of the first half at w, as its closure returned it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The ratio is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public static Tensor ChainedStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> closure, Func<Tensor> firstHalf, Func<Tensor> secondHalf, double ratio = 1)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        Check.NonNegative(ratio);
        return ratio == 0 ? optimizer.Step(closure, firstHalf) : optimizer.Step(closure, [new(firstHalf), new(secondHalf, ratio)]);
    }
}
