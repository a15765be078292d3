using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Clips gradients to a global norm before they are weighted, as WSAM's implementations do: d := d min(1, maxNorm / (|d| + 1e-6)).
/// The ascent follows the unclipped gradient.
/// </summary>
/// <remarks>The authors (intelligent-machine-learning/atorch) clip both gradients. kozistr/pytorch_optimizer clips only the perturbed one, so the
/// difference of the two no longer measures sharpness, and training can diverge.</remarks>
/// <param name="MaxNorm">The largest norm; above 0.</param>
/// <param name="PerturbedOnly">Leaves the gradient at w unclipped. Default false, as in the authors' code.</param>
public sealed record GradientClipping(double MaxNorm, bool PerturbedOnly = false)
{
    private const double Floor = 1e-6; // torch.nn.utils.clip_grad_norm_

    /// <summary>The largest norm; above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double MaxNorm { get; init => field = Check.Positive(value, nameof(MaxNorm)); } = Check.Positive(MaxNorm, nameof(MaxNorm));

    [InDisposeScope]
    internal void Apply(Descent descent)
    {
        Clip(descent, descent.NormAtPerturbed(), pair => pair.AtPerturbed);
        if (!PerturbedOnly) Clip(descent, descent.NormAtWeights(), pair => pair.AtWeights);
    }

    [InDisposeScope]
    private void Clip(Descent descent, Tensor norm, Func<ParameterBucket, Tensor[]> gradients)
    {
        var factor = norm.Plus(Floor).reciprocal().Times(MaxNorm).Clamped(max: 1.0);
        foreach (var pair in descent.Pairs) descent.Multiply(gradients(pair), factor);
    }
}
