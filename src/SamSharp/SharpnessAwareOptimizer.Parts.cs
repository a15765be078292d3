using static TorchSharp.torch;

namespace SamSharp;

/// <content>m-SAM: a perturbation for each part of the batch.</content>
public partial class SharpnessAwareOptimizer
{
    /// <summary>
    /// One whole step of m-SAM: for each part the gradient at w + e(part), every time from the same w; then one step of the base optimizer with their weighted mean
    /// (Foret et al. 2021, m-sharpness; Behdin et al., "mSAM: Micro-Batch-Averaged Sharpness-Aware Minimization", 2023).
    /// </summary>
    /// <param name="parts">At least one part. With a single one it is SAM.</param>
    /// <returns>The weighted mean of the parts' losses at w (at w + e where the recipe needs no pass at w), without history. The losses that the closures return are freed.</returns>
    /// <exception cref="ArgumentException">There is no part, or a weight is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">A closure left no gradient; an ascent is under way; or a part of the recipe keeps a history, or acts after the step, and so wants one
    /// gradient of the whole batch.</exception>
    public Tensor Step(IReadOnlyList<BatchPart> parts)
    {
        var whole = BatchPart.TotalWeight(parts);
        RequireAtRest(NoNewStep);
        RequirePartsPossible();
        BeginStep();
        var sums = new Dictionary<int, Tensor>();
        Tensor? loss = null, perturbedLoss = null;
        try
        {
            for (_draw = 0; _draw < parts.Count; _draw++)
            {
                var share = parts[_draw].Weight / whole;
                _closure = parts[_draw].Closure;
                SetRadii(null);
                _replay?.Begin(LastStep.Step, OnCuda);
                var pass = "only";
                if (!LastStep.Perturbed || NeedsFirstPass) BatchPart.AddTo(ref loss, EvaluateFirst(_closure), share);
                if (LastStep.Perturbed)
                {
                    if (NeedsFirstPass) ReadFirstPass();
                    Climb(1);
                    BatchPart.AddTo(ref perturbedLoss, NeedsFirstPass ? EvaluateAgain(_closure, null) : EvaluateFirst(_closure), share);
                    pass = "second";
                }
                Combine(pass);
                AddGradientsTo(sums, share);
                _ascended = false;
            }
            LastStep.LossTensor = loss;
            LastStep.PerturbedLossTensor = perturbedLoss;
            foreach (var (index, sum) in sums) _table.Slots[index].Parameter.grad = sum;
            ReadGradients("second");
            StepBase();
            return loss ?? perturbedLoss!.alias();
        }
        finally
        {
            _draw = 0;
            Restore();
            perturbedLoss?.Dispose();
            foreach (var sum in sums.Values) sum.Dispose();
        }
    }

    private Tensor EvaluateFirst(Func<Tensor> closure)
    {
        using var loss = Evaluate(closure);
        return loss.detach();
    }

    private void AddGradientsTo(Dictionary<int, Tensor> sums, double share)
    {
        using var noGradient = no_grad();
        foreach (var list in WithGradients())
        {
            var own = list.Slots.Select(slot => sums.TryGetValue(slot.Index, out var sum)
                ? sum
                : sums[slot.Index] = zeros_like(slot.Parameter).DetachFromDisposeScope()).ToArray();
            _options.Kernels.Accumulate(own, list.Gradients, share);
        }
        _table.ReleaseGradients();
    }
}
