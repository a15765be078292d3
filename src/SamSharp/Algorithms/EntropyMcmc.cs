using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Entropy-MCMC (Li, Zhang, "Entropy-MCMC: Sampling from Flat Basins with Ease", 2024; lblaoke/EMCMC); see <see cref="CoupledAnchor"/>.
    /// It makes no ascent. Use SGD without momentum, with a cyclical learning rate, and collect weights and anchors late in each cycle.</summary>
    /// <param name="dataSize">The number of training examples, N.</param>
    /// <param name="eta">The variance of the flat region. Default 4e-4 (the official code for CIFAR-10; 8e-3 for CIFAR-100, 1.6 for
    /// ImageNet).</param>
    /// <param name="temperature">The temperature of the noise. Default 1e-4 (the official code).</param>
    /// <param name="weightDecay">The anchor's L2 penalty; set the base optimizer's to the same. Default 5e-4 (the official code).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    /// <remarks>Any other recipe takes <c>Combiner = Recipe.EntropyMcmc(n).Combiner</c>, which adds the coupling to its final gradient.
    /// <see cref="OptimizerExtensions.Anchors"/> has the anchors.</remarks>
    [Published("Entropy-MCMC", "Li, Zhang 2024", "0", "2")]
    public static SharpnessAwareOptions EntropyMcmc(long dataSize, double eta = 4e-4, double temperature = 1e-4, double weightDecay = 5e-4,
        long seed = 0) =>
        new() { Rho = 0, Combiner = new CoupledAnchor(dataSize, eta, temperature, weightDecay, new GaussianNoise(seed)) };
}

public static partial class OptimizerExtensions
{
    /// <summary>Copies of the anchors of <see cref="Recipe.EntropyMcmc"/>, which the caller owns; a parameter without a gradient so far has
    /// none.</summary>
    /// <param name="optimizer">An optimizer with that recipe.</param>
    /// <exception cref="InvalidOperationException">The recipe has no anchors.</exception>
    public static IReadOnlyDictionary<ParameterSlot, Tensor> Anchors(this SharpnessAwareOptimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if (optimizer.Options.Combiner is not CoupledAnchor combiner)
            throw new InvalidOperationException("The recipe has no anchors. Use Recipe.EntropyMcmc, or its combiner.");
        using var noGradient = no_grad();
        return optimizer.Parameters.Select(slot => (slot, Anchor: optimizer.Memory.Of(combiner).Find(CoupledAnchor.Anchor, slot)))
            .Where(pair => pair.Anchor is not null).ToDictionary(pair => pair.slot, pair => pair.Anchor!.clone().DetachFromDisposeScope());
    }
}

/// <summary>
/// Couples the weights to an anchor, a smoothed copy of them, by Langevin dynamics: the gradient becomes g + (w - a) / (eta N) - c z, and the anchor
/// moves by its own step of SGD, a := a + lr ((w - a) / (eta N) + c z' - weightDecay a), with c = sqrt(2 temperature / (lr N)). The anchor begins at
/// the weights. It is saved in checkpoints.
/// </summary>
/// <param name="DataSize">N, at least 1.</param>
/// <param name="Eta">The variance of the flat region, above 0.</param>
/// <param name="Temperature">The temperature of the noise, at least 0.</param>
/// <param name="WeightDecay">The anchor's L2 penalty, at least 0.</param>
/// <param name="Noise">z as draw 0, z' as draw 1.</param>
internal sealed record CoupledAnchor(long DataSize, double Eta, double Temperature, double WeightDecay, INoise Noise) : ICombiner
{
    /// <summary>The name under which the anchor is remembered.</summary>
    public const string Anchor = "anchor";

    /// <summary>N, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long DataSize { get; init => field = Check.Positive(value, "dataSize"); } = Check.Positive(DataSize, "dataSize");

    /// <summary>The variance of the flat region, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double Eta { get; init => field = Check.Positive(value, "eta"); } = Check.Positive(Eta, "eta");

    /// <summary>The temperature of the noise, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Temperature { get; init => field = Check.NonNegative(value, "temperature"); } = Check.NonNegative(Temperature, "temperature");

    /// <summary>The anchor's L2 penalty, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double WeightDecay { get; init => field = Check.NonNegative(value, "weightDecay"); } = Check.NonNegative(WeightDecay, "weightDecay");

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent) => Couple(descent, bucket => bucket.AtPerturbed);

    /// <inheritdoc/>
    public void Plain(Descent descent) => Couple(descent, bucket => bucket.AtWeights);

    private void Couple(Descent descent, Func<ParameterBucket, Tensor[]> gradients)
    {
        foreach (var bucket in descent.Buckets)
        {
            var (rate, strength) = (bucket.LearningRate, 1 / (Eta * DataSize));
            var scale = rate > 0 ? Math.Sqrt(2 * Temperature / (rate * DataSize)) : 0;
            var anchors = descent.MemoryOf(this).Change(Anchor, bucket.Parameters, slot => slot.Parameter.detach().clone());
            Tensor[] Draw(int draw) => [.. bucket.Parameters.Select(slot => Noise.Sample(slot, descent.Step, draw))];
            var gradient = gradients(bucket);
            descent.Accumulate(gradient, bucket.Weights, strength);
            descent.Accumulate(gradient, anchors, -strength);
            descent.Mix(anchors, 1 - (rate * (strength + WeightDecay)), bucket.Weights, rate * strength);
            if (scale == 0) continue;
            descent.Accumulate(gradient, Draw(0), -scale);
            descent.Accumulate(anchors, Draw(1), rate * scale);
        }
    }
}
