using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Universal SAM for the trace of the Hessian (Tahmasebi et al., 2024); see <see cref="UniversalGradient"/>.</summary>
    /// <param name="rho">The noise's standard deviation. Default 0.01 (the official README).</param>
    /// <param name="lambda">The weight of the sharpness. Default 1 (the official code).</param>
    /// <param name="draws">The number of random points. Default 1 (the official code).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    /// <remarks>The official sampler is called a hypersphere but never applies its radius, so it is Gaussian, as here.</remarks>
    [Published("Universal SAM, trace", "Tahmasebi et al. 2024", "n", "n + 2")]
    public static SharpnessAwareOptions TraceSam(double rho = 0.01, double lambda = 1, int draws = 1, long seed = 0) =>
        Universal(UniversalSharpness.Trace, new GaussianNoise(seed), rho, lambda, draws);

    /// <summary>Universal SAM for the Frobenius norm of the Hessian (Tahmasebi et al., 2024); see <see cref="UniversalGradient"/>.</summary>
    /// <param name="rho">The noise's standard deviation. Default 0.005 (the official README).</param>
    /// <param name="lambda">The weight of the sharpness. Default 0.005 (the official README).</param>
    /// <param name="draws">The number of random points, at least 2. Default 2 (the official README).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("Universal SAM, Frobenius norm", "Tahmasebi et al. 2024", "n", "n + 2")]
    public static SharpnessAwareOptions FrobeniusSam(double rho = 0.005, double lambda = 0.005, int draws = 2, long seed = 0) =>
        Universal(UniversalSharpness.Frobenius, new GaussianNoise(seed), rho, lambda, draws);

    /// <summary>Universal SAM for the determinant of the Hessian (Tahmasebi et al., 2024); see <see cref="UniversalGradient"/>.</summary>
    /// <param name="halfWidth">Half the edge of the cube of random points. Default 0.01 (the official README).</param>
    /// <param name="rho">The factor on the random points. Default 1 (the official README).</param>
    /// <param name="lambda">The weight of the sharpness. Default 1 (the official code).</param>
    /// <param name="draws">The number of random points. Default 1 (the official code).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("Universal SAM, determinant", "Tahmasebi et al. 2024", "n", "n + 2")]
    public static SharpnessAwareOptions DeterminantSam(double halfWidth = 0.01, double rho = 1, double lambda = 1, int draws = 1, long seed = 0) =>
        Universal(UniversalSharpness.Determinant, new CubeNoise(halfWidth, seed), rho, lambda, draws);

    /// <summary>Universal SAM for any measure phi(mean of psi(D_i)) of the losses L_i at random points, D_i = (L_i - L) / rho^2 (Tahmasebi et
    /// al., 2024); see <see cref="UniversalGradient"/>.</summary>
    /// <param name="name">The name of the measure when the recipe is printed or compared with a checkpoint's.</param>
    /// <param name="psi">psi, a function of D, element by element.</param>
    /// <param name="psiSlope">The derivative of psi.</param>
    /// <param name="phiSlope">The derivative of phi.</param>
    /// <param name="noise">The random points. Null (default): standard normal.</param>
    /// <param name="rho">The factor on the random points. Default 0.01 (the official README's value for the trace).</param>
    /// <param name="lambda">The weight of the sharpness. Default 1 (the official code).</param>
    /// <param name="draws">The number of random points. Default 1 (the official code).</param>
    [Published("Universal SAM", "Tahmasebi et al. 2024", "n", "n + 2")]
    public static SharpnessAwareOptions UniversalSam(string name, Func<Tensor, Tensor> psi, Func<Tensor, Tensor> psiSlope,
        Func<Tensor, Tensor> phiSlope, INoise? noise = null, double rho = 0.01, double lambda = 1, int draws = 1) =>
        Universal(UniversalSharpness.Of(name, psi, psiSlope, phiSlope), noise ?? new GaussianNoise(), rho, lambda, draws);

    private static SharpnessAwareOptions Universal(UniversalSharpness sharpness, INoise noise, double rho, double lambda, int draws) => new()
    {
        Rho = rho,
        Direction = new RandomDirection(noise),
        Geometry = new RawGeometry(),
        Combiner = new UniversalGradient(sharpness, lambda, draws),
    };
}

/// <summary>
/// Universal SAM's gradient of the loss plus lambda times a sharpness: g + lambda sum over i of c_i (g_i - g), where g_i is the gradient at
/// the random point w + rho x_i, and the measure computes the weights c_i from the losses (Tahmasebi, Soleymani, Bahri, Jegelka, Jaillet, "A
/// Universal Class of Sharpness-Aware Minimization Algorithms", 2024; dbahri/universal_sam).
/// </summary>
/// <remarks>n points cost n passes in addition to the one at w, and hold n + 1 gradients at a time. The weights stay on the device. Fold
/// constant factors (1 / rho^2 of the general rule included) into lambda, as the official code does.</remarks>
internal sealed record UniversalGradient : ICombiner
{
    /// <summary>A combination for the given measure.</summary>
    /// <param name="sharpness">The measure.</param>
    /// <param name="lambda">The weight of the sharpness relative to the loss, at least 0. Default 1 (the official code).</param>
    /// <param name="draws">The number of random points. Default 1 (the official code).</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too few points for the measure, or more than 1000; or lambda is negative or not
    /// finite.</exception>
    public UniversalGradient(UniversalSharpness sharpness, double lambda = 1, int draws = 1)
    {
        ArgumentNullException.ThrowIfNull(sharpness);
        Sharpness = sharpness;
        Lambda = Check.NonNegative(lambda);
        Draws = Check.Passes(draws) >= sharpness.LeastDraws ? draws
            : throw new ArgumentOutOfRangeException(nameof(draws), draws, $"The measure needs at least {sharpness.LeastDraws} random points.");
    }

    /// <summary>The measure.</summary>
    public UniversalSharpness Sharpness { get; }

    /// <summary>The weight of the sharpness relative to the loss.</summary>
    public double Lambda { get; }

    /// <summary>The number of random points.</summary>
    public int Draws { get; }

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var points = Enumerable.Range(1, Draws - 1).Select(descent.AtDraw).ToArray();
        var losses = stack(points.Select(point => point.Loss).Prepend(descent.PerturbedLoss!).Select(Number).ToArray());
        var weights = Sharpness.Weights(Number(descent.Loss!), losses, descent.Buckets.Max(bucket => bucket.Radius)).Times(Lambda);
        var rest = weights.sum().SubtractedFrom(1);
        foreach (var pair in descent.Pairs)
        {
            var sums = pair.Widened(pair.AtPerturbed);
            descent.Mix(sums, weights.select(0, 0), pair.Widened(pair.AtWeights), rest);
            for (var i = 0; i < points.Length; i++)
                descent.Mix(sums, ones_like(rest), pair.Widened(points[i].Of(pair)), weights.select(0, i + 1));
            StepPhase.Round(pair.AtPerturbed, sums);
        }
        foreach (var point in points) point.Dispose();
    }

    private static Tensor Number(Tensor loss) => loss.to(ScalarType.Float64).reshape([]);
}

/// <summary>
/// A measure of sharpness from losses at random points, for <see cref="UniversalGradient"/>; it computes how much the gradient at each point counts.
/// Below, L is the loss at w, L_i the loss at w + rho x_i, D_i = (L_i - L) / rho^2, and n the number of points.
/// </summary>
internal sealed class UniversalSharpness
{
    private readonly Func<Tensor, Tensor, double, Tensor> _weights;
    private readonly string _name;

    private UniversalSharpness(string name, int leastDraws, [InDisposeScope] Func<Tensor, Tensor, double, Tensor> weights)
    {
        _name = name;
        LeastDraws = leastDraws;
        _weights = weights;
    }

    /// <summary>The least number of points.</summary>
    public int LeastDraws { get; }

    /// <summary>The trace of the Hessian, with Gaussian x: weights 1/n.</summary>
    public static UniversalSharpness Trace { get; } = Of("trace", delta => delta, delta => ones_like(delta), mean => ones_like(mean));

    /// <summary>The determinant of the Hessian, with x uniform in a cube: phi(s) = s^-2 and psi(D) = exp(-D / 2). Factors that do not depend
    /// on w are left out, as in the official code.</summary>
    public static UniversalSharpness Determinant { get; } =
        Of("determinant", delta => delta.Times(-0.5).exp(), delta => delta.Times(-0.5).exp().Times(-0.5), mean => mean.Power(-3).Times(-2));

    /// <summary>The Frobenius norm of the Hessian, with Gaussian x, from the sample covariance of losses and gradients: weights (L_i - mean
    /// of L_j) / ((n - 1) rho^2). Needs at least two points.</summary>
    public static UniversalSharpness Frobenius { get; } =
        new("Frobenius", 2, (_, losses, rho) => losses.sub(losses.mean()).Over((losses.NumberOfElements - 1) * rho * rho));

    /// <summary>Any measure phi(mean of psi(D_i)): weights phi'(mean of psi(D_j)) psi'(D_i) / n.</summary>
    /// <param name="name">The name under which it is printed.</param>
    /// <param name="psi">psi, a function of D, element by element.</param>
    /// <param name="psiSlope">The derivative of psi.</param>
    /// <param name="phiSlope">The derivative of phi.</param>
    public static UniversalSharpness Of(string name, [InDisposeScope] Func<Tensor, Tensor> psi, [InDisposeScope] Func<Tensor, Tensor> psiSlope,
        [InDisposeScope] Func<Tensor, Tensor> phiSlope)
    {
        ArgumentNullException.ThrowIfNull(psi);
        ArgumentNullException.ThrowIfNull(psiSlope);
        ArgumentNullException.ThrowIfNull(phiSlope);
        return new(name, 1, (loss, losses, rho) =>
        {
            var delta = losses.sub(loss).Over(rho * rho);
            var mean = ClosureResult.RequireLike(psi(delta), delta, "psi of each D").mean();
            var outer = ClosureResult.RequireLike(phiSlope(mean), mean, "the slope of phi");
            return outer.mul(ClosureResult.RequireLike(psiSlope(delta), delta, "the slope of psi at each D")).Over(losses.NumberOfElements);
        });
    }

    /// <summary>The measure's name.</summary>
    public override string ToString() => _name;

    /// <summary>The weight of each point, [n].</summary>
    internal Tensor Weights(Tensor loss, Tensor losses, double rho) => _weights(loss, losses, rho);
}

/// <summary>Independent numbers, each uniform from -halfWidth to halfWidth.</summary>
/// <param name="HalfWidth">Half the length of the cube's edges, at least 0.</param>
/// <param name="Seed">As for <see cref="GaussianNoise"/>. Default 0.</param>
internal sealed record CubeNoise(double HalfWidth, long Seed = 0) : INoise
{
    /// <summary>Half the length of the cube's edges, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double HalfWidth { get; init => field = Check.NonNegative(value, nameof(HalfWidth)); } = Check.NonNegative(HalfWidth);

    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot parameter, long number, int draw) => SeededNoise.Draw(parameter, Seed, number, draw,
        (shape, dtype, generator) => rand(shape, dtype, generator: generator)).DecreaseBy(0.5).MultiplyBy(2 * HalfWidth);
}
