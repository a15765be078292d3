using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SAM with Polyak's step size (the class SAM_SPS of dimitris-oik/sam_sps); see <see cref="PolyakStep"/>. Use SGD with a learning rate
    /// of 1, no momentum and no weight decay: other rates multiply the step.</summary>
    /// <param name="rho">The radius. Default 0.1 (the official code).</param>
    /// <param name="lowest">The least loss that a batch can have, l* there. Default 0 (the official code).</param>
    /// <param name="maxRate">The largest step size. Default 1 (the official code).</param>
    /// <param name="lambda">From 0, unnormalized SAM, to 1, SAM. Default 1.</param>
    /// <param name="weightDecay">An L2 penalty, which the step size multiplies too. Default 0.</param>
    [Published("SAM-Polyak", "Oikonomou, Loizou 2025", "1", "3")]
    public static SharpnessAwareOptions SamPolyak(double rho = 0.1, double lowest = 0, double maxRate = 1, double lambda = 1,
        double weightDecay = 0) =>
        new() { Rho = rho, Geometry = new MixedNormGeometry(lambda), Combiner = new PolyakStep(lambda, lowest, maxRate, weightDecay) };
}

/// <summary>
/// g+ times Polyak's step size, (L(w + e) - l* - &lt;g+, e&gt;) / |g+|^2, between 0 and a largest one: the linear model of the loss at w + e reaches
/// the least loss l* there. Nothing is read from the device.
/// </summary>
/// <param name="Lambda">That of the geometry, which gives e.</param>
/// <param name="Lowest">The least loss that a batch can have.</param>
/// <param name="MaxRate">The largest step size, above 0.</param>
/// <param name="WeightDecay">An L2 penalty, at least 0.</param>
internal sealed record PolyakStep(double Lambda, double Lowest, double MaxRate, double WeightDecay) : ICombiner
{
    /// <summary>The largest step size, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double MaxRate { get; init => field = Check.Positive(value, "maxRate"); } = Check.Positive(MaxRate, "maxRate");

    /// <summary>An L2 penalty, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double WeightDecay { get; init => field = Check.NonNegative(value, "weightDecay"); } = Check.NonNegative(WeightDecay, "weightDecay");

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, TorchSharp.torch.optim.Optimizer baseOptimizer) =>
        options.Geometry is MixedNormGeometry geometry && geometry.Lambda == Lambda && options.Direction is GradientDirection ? null
        : "SAM-Polyak's step size follows the gradient in its own geometry: leave Direction and Geometry as Recipe.SamPolyak sets them.";

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        if (descent.PerturbedLoss is not { } loss) throw new InvalidOperationException("SAM-Polyak needs the loss: call Step(closure).");
        var rise = Descent.Sum(descent.Pairs, pair => descent.Dot(pair.AtWeights, pair.AtPerturbed).Times(pair.Radius))
            .mul(MixedNormGeometry.Factor(descent, descent.NormAtWeights(), Lambda));
        var square = descent.NormAtPerturbed().to(ScalarType.Float64).Squared().Clamped(min: 1e-12);
        var rate = loss.to(square.dtype, square.device).reshape([]).Minus(Lowest).sub(rise).div(square).Clamped(0, MaxRate);
        foreach (var bucket in descent.Buckets)
        {
            if (WeightDecay > 0) descent.Accumulate(bucket.AtPerturbed, bucket.Weights, WeightDecay);
            descent.Multiply(bucket.AtPerturbed, rate);
        }
    }
}
