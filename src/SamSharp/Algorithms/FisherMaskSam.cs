using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>FSAM (Zhong et al. 2022), designed for language models: perturbs the tenth of weights with the largest squared
    /// gradients; see <see cref="FisherMask"/>.</summary>
    /// <param name="rho">The radius. Default 0.05 (WHU-ZQH/FSAM4PLM; the paper tries 1e-2, 5e-3 and 1e-3).</param>
    /// <param name="keep">The share of weights that is perturbed. Default 0.1 (the same code).</param>
    /// <param name="interval">How many ascents use the same mask. Default 100 (the same code).</param>
    /// <param name="masks">Which parameters are masked; the others are perturbed entirely. Default: all.</param>
    [Published("FSAM", "Zhong et al. 2022", "1", "3 (9 while a mask is made)")]
    public static SharpnessAwareOptions FisherMaskSam(double rho = 0.05, double keep = 0.1, int interval = 100,
        Func<ParameterSlot, bool>? masks = null) =>
        new() { Rho = rho, Geometry = new MaskedGeometry(new EuclideanGeometry(NormFloor: 1e-7), new FisherMask(keep, interval, masks)) };
}

/// <summary>
/// FSAM's mask: the weights with the largest squared gradients, updated at a fixed interval of ascents from the gradient of the batch
/// (Zhong, Ding, Shen, Mi, Liu, Du, Tao, "Improving Sharpness-Aware Minimization with Fisher Mask for
/// Better Generalization on Language Models", 2022).
/// </summary>
/// <remarks>The authors' code does not mask BatchNorm and tensors named bias or embed, which it perturbs densely, and
/// perturbs nothing in steps that update the mask. Here a mask is used at once; <paramref name="Masks"/> says which
/// parameters are masked, all by default.</remarks>
/// <param name="Keep">The share of the masked parameters' weights that is perturbed, rounded up; in (0, 1]. Default 0.1 (WHU-ZQH/FSAM4PLM).</param>
/// <param name="Interval">How many ascents use the same mask, at least 1. Default 100 (the same code).</param>
/// <param name="Masks">Which parameters are masked; the others are perturbed entirely. Null (default): all.</param>
public sealed record FisherMask(double Keep = 0.1, int Interval = 100, Func<ParameterSlot, bool>? Masks = null) : IElementMask
{
    private const string Ascents = "ascents";

    /// <summary>The share of the masked parameters' weights that is perturbed, in (0, 1].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Keep { get; init => field = Check.PositiveFraction(value, nameof(Keep)); } = Check.PositiveFraction(Keep);

    /// <summary>How many ascents use the same mask, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Interval { get; init => field = Check.Positive(value, nameof(Interval)); } = Check.Positive(Interval);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public Tensor[] MaskOf(Ascent ascent, ParameterBucket bucket) => MaskMemory.MaskOf(this, ascent, bucket);

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        return MaskMemory.ObjectionToGradients(this, options);
    }

    /// <inheritdoc/>
    public void Prepare(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var memory = ascent.MemoryOf(this);
        var ascents = memory.Number(Ascents);
        memory.Set(Ascents, ascents + 1);
        if (ascents % Interval != 0) return;
        var device = ascent.Buckets[0].Device;
        var scores = ascent.Buckets.SelectMany(bucket => bucket.Parameters.Zip(bucket.AtWeights)).Where(pair => Masks?.Invoke(pair.First) != false)
            .Select(pair => (pair.First, pair.Second.detach().abs().to(ScalarType.Float32, device))).ToArray();
        TopScores.Keep(scores, (long)Math.Ceiling(Keep * scores.Sum(score => score.Item2.numel())), memory);
    }
}
