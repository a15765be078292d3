using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Sparse SAM's Fisher mask (SSAM-F): the weights with the largest sum of squared gradients of single examples, made when <see cref="Refresh"/> is called
/// (Mi, Shen, Ren, Zhou, Sun, Ji, Tao, "Make Sharpness-Aware Minimization Stronger: A Sparsified Perturbation Approach", 2022).
/// </summary>
/// <remarks>The authors make it anew in the first batch of every fifth epoch, after the step. Their code begins with a mask of zeros, so that the first step is no ascent; here all weights
/// are perturbed until the first call.</remarks>
public sealed class SampleFisherMask : KeptMask
{
    private readonly double _sparsity;

    /// <summary>A mask of ones.</summary>
    /// <param name="sparsity">The share of weights that stay; in [0, 1). Default 0.2 (Mi-Peng/Sparse-Sharpness-Aware-Minimization).</param>
    /// <exception cref="ArgumentOutOfRangeException">sparsity is not in [0, 1).</exception>
    public SampleFisherMask(double sparsity = 0.2) => _sparsity = Check.Share(sparsity);

    /// <summary>Makes the mask anew; between steps. The parameters are left without gradients.</summary>
    /// <param name="optimizer">Whose parameters are masked.</param>
    /// <param name="samples">For each of some examples (the authors take 1024) its loss, after <c>backward()</c>.</param>
    public void Refresh(SharpnessAwareOptimizer optimizer, IEnumerable<Func<Tensor>> samples)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(samples);
        using var scores = new SlotTensors();
        foreach (var sample in samples)
        {
            optimizer.zero_grad();
            using (enable_grad()) sample().Dispose();
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            foreach (var slot in optimizer.Slots)
            {
                if (slot.Parameter.grad is { } gradient) scores.Of([slot])[0].addcmul_(gradient, gradient, 1);
            }
        }
        optimizer.zero_grad();
        Mark(optimizer, scores);
    }

    /// <summary>Keeps the floor(n (1 - sparsity)) weights of the highest scores.</summary>
    internal void Mark(SharpnessAwareOptimizer optimizer, SlotTensors scores)
    {
        using var scope = NewDisposeScope();
        var found = optimizer.Slots.Where(slot => scores.Find(slot) is not null).Select(slot => (slot, scores.Find(slot)!)).ToArray();
        TopScores.Keep(found, (long)Math.Floor(found.Sum(score => score.Item2.numel()) * (1 - _sparsity)), Masks);
    }
}
