using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Escape from sharp minima by random perturbation (RS: Ahn, Jadbabaie, Sra, "How to Escape Sharp Minima with Random Perturbations",
    /// 2024): adds to g the part orthogonal to it of the gradient at a random point at distance rho.</summary>
    /// <param name="rho">The distance. Default 0.05, SAM's; the paper gives none.</param>
    /// <param name="threshold">Where |g| is larger, the step is the base optimizer's. Default: no limit, as in the paper's experiments.</param>
    /// <param name="seed">Seed of the random points. Default 0.</param>
    [Published("Escape from sharp minima, random (RS)", "Ahn et al. 2024", "1", "3")]
    public static SharpnessAwareOptions RandomEscape(double rho = 0.05, double threshold = double.PositiveInfinity, long seed = 0) => new()
    {
        Rho = rho,
        Direction = new RandomDirection(new GaussianNoise(seed)),
        Combiner = new OrthogonalPart(threshold),
    };

    /// <summary>The sharpness-aware form (SA) of <see cref="RandomEscape"/>: the other gradient is that of one example at w + rho s g_i / |g_i|,
    /// where g_i is its gradient and s a random sign.</summary>
    /// <param name="rho">The distance. Default 0.05, SAM's; the paper gives none.</param>
    /// <param name="threshold">Where |g| is larger, the step is the base optimizer's. Default: no limit, as in the paper's experiments.</param>
    /// <param name="seed">Seed of the signs. Default 0.</param>
    /// <remarks>Call <c>Step(batch, ascent: example)</c>, which makes two more passes; <c>Step(batch)</c> takes the batch as the example, as the
    /// paper's experiments do.</remarks>
    [Published("Escape from sharp minima, sharpness-aware (SA)", "Ahn et al. 2024", "1", "3")]
    public static SharpnessAwareOptions SharpnessAwareEscape(double rho = 0.05, double threshold = double.PositiveInfinity, long seed = 0) => new()
    {
        Rho = rho,
        Direction = new SignedGradient(seed),
        Combiner = new OrthogonalPart(threshold),
    };
}

/// <summary>The gradient at w, times a random sign that changes from step to step.</summary>
/// <param name="Seed">Determines the signs, together with the step's number.</param>
internal sealed record SignedGradient(long Seed) : IDirection
{
    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        if (CounterRandom.Uniform(Seed, ascent.Step) < 0.5) return;
        foreach (var bucket in ascent.Buckets) bucket.Direction = Array.ConvertAll(bucket.AtWeights, gradient => gradient.neg());
    }
}

/// <summary>g + (h - (&lt;g, h&gt; / |g|^2) g), where h is the gradient of the ascent's loss at w + e; g alone where |g| is above a
/// threshold.</summary>
/// <param name="Threshold">The largest |g| at which the orthogonal part is added, at least 0.</param>
internal sealed record OrthogonalPart(double Threshold) : ICombiner
{
    /// <summary>The largest |g| at which the orthogonal part is added, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or NaN.</exception>
    public double Threshold { get; init => field = Checked(value); } = Checked(Threshold);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        if (!descent.HasOtherAscent)
        {
            Add(descent, descent.Pairs.Select(pair => (pair, pair.AtWeights, pair.AtPerturbed)).ToArray());
            return;
        }
        // g and h change places: the ascent was made with the example's gradient, and the second pass with the batch.
        using var batch = descent.AtEndOf();
        using var example = descent.At(1, descent.AscentClosure);
        Add(descent, descent.Pairs.Select(pair => (pair, batch.Of(pair), example.Of(pair))).ToArray());
    }

    private void Add(Descent descent, (ParameterBucket Pair, Tensor[] Gradients, Tensor[] Others)[] all)
    {
        var norm = descent.GlobalNorm([.. all.Select(one => one.Pair)], pair => descent.Norm(OfPair(pair).Gradients));
        var product = Descent.Sum([.. all.Select(one => one.Pair)], pair => descent.Dot(OfPair(pair).Gradients, OfPair(pair).Others));
        var share = norm.IsAtMost(Threshold).to_type(norm.dtype);
        var rest = (share * descent.Along(product, norm)).SubtractedFrom(1);
        foreach (var (pair, gradients, others) in all)
        {
            descent.Copy(pair.AtPerturbed, others);
            descent.Mix(pair.AtPerturbed, share, gradients, rest);
        }

        (ParameterBucket Pair, Tensor[] Gradients, Tensor[] Others) OfPair(ParameterBucket pair) => all.Single(one => one.Pair == pair);
    }

    private static double Checked(double threshold) => threshold >= 0 ? threshold
        : throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "threshold must be at least 0.");
}
