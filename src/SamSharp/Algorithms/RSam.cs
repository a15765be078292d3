using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>R-SAM (Liu, Mai, Cheng, Chen, Hsieh, You, "Random Sharpness-Aware Minimization", 2022; RSAM-Optimizer/R-SAM); see
    /// <see cref="SecondAscent"/>.</summary>
    /// <remarks>The official code's whole rule, for ViT at a batch of 4096:
    /// <c>Recipe.RSam(2.5, steps: 93_834, radius: RadiusSchedule.TiedToLearningRate(1.5, 3e-5, 3e-3, warmupSteps: 10_000))</c>.</remarks>
    /// <param name="rho">The radius of the ascent. The default 0.05 is SAM's, not the authors': theirs, 2.5 falling to 1.5 with the learning rate,
    /// belongs to a batch of 4096.</param>
    /// <param name="sigma">The noise's scale, a multiple of each filter's norm. Default 5e-4 (the official code).</param>
    /// <param name="steps">The training steps over which sigma grows along half a cosine. Null (default) keeps it constant.</param>
    /// <param name="increase">sigma at the end as a multiple of sigma at the start. Default 5 (the official code).</param>
    /// <param name="radius">How rho changes. Null (default): not at all. The official code ties it to the learning rate:
    /// <see cref="RadiusSchedule.TiedToLearningRate"/> with a warm-up.</param>
    /// <param name="maxNorm">The final gradient is clipped to this norm. Default 1 (the official code); null does not clip.</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("R-SAM", "Liu et al. 2022", "1", "4")]
    public static SharpnessAwareOptions RSam(double rho = 0.05, double sigma = 5e-4, long? steps = null, double increase = 5,
        IRadiusSchedule? radius = null, double? maxNorm = 1, long seed = 0) => new()
        {
            Rho = sigma,
            Direction = new RandomDirection(new GaussianNoise(seed)),
            Geometry = new FilterGeometry(new RawGeometry()),
            Schedule = steps is { } length ? RadiusSchedule.Scaled(Ramp.Cosine(1, increase, length)) : RadiusSchedule.Constant,
            Combiner = new SecondAscent(Check.Radius(rho), radius ?? RadiusSchedule.Constant, maxNorm),
        };
}

/// <summary>
/// R-SAM's gradient. The step's own perturbation is noise delta; with h the gradient at w + delta, it is the gradient at w + rho v / |v| with
/// v = 2 h + delta: an ascent from w that the noise has smoothed. One more pass.
/// </summary>
/// <param name="Rho">The radius of the ascent.</param>
/// <param name="Radius">How rho changes.</param>
/// <param name="MaxNorm">The final gradient is clipped to this norm; null does not clip.</param>
internal sealed record SecondAscent(double Rho, IRadiusSchedule Radius, double? MaxNorm) : ICombiner
{
    private const double Floor = 1e-12;

    /// <inheritdoc/>
    public IEnumerable<IStepPart> Inner => [Radius];

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var smoothed = descent.Buckets.SelectMany(bucket => bucket.Parameters.Zip(bucket.AtPerturbed)).ToDictionary();
        var radii = descent.Buckets.DistinctBy(bucket => bucket.Group)
            .ToDictionary(bucket => bucket.Group, bucket => Radius.At(descent.InfoOf(bucket), Rho));
        using var point = descent.AtPoint(ascent => Climb(ascent, descent.Services.Options, smoothed, radii));
        foreach (var bucket in descent.Buckets) descent.Copy(bucket.AtPerturbed, point.Of(bucket));
        if (MaxNorm is not { } limit) return;
        var norm = descent.GlobalNorm(descent.Buckets, bucket => descent.Norm(bucket.AtPerturbed));
        var factor = descent.Inverse(norm).Times(limit).Clamped(max: 1.0);
        foreach (var bucket in descent.Buckets) descent.Multiply(bucket.AtPerturbed, factor);
    }

    /// <summary>The noise is a function of step and parameter, so that it is drawn again instead of kept.</summary>
    private static void Climb(Ascent ascent, SharpnessAwareOptions options, Dictionary<ParameterSlot, Tensor> smoothed, Dictionary<int, double> radii)
    {
        options.Direction.Aim(ascent);
        options.Geometry.Norm(ascent).Dispose();
        foreach (var bucket in ascent.Buckets)
        {
            var noise = Array.ConvertAll(bucket.Direction, vector => vector.clone());
            var gradients = bucket.Parameters.Select(slot => smoothed.GetValueOrDefault(slot) ?? zeros_like(slot.Parameter, requires_grad: false));
            ascent.Mix(noise, bucket.Radius, [.. gradients], 2);
            bucket.Direction = noise;
        }
        var norm = ascent.Norm();
        foreach (var bucket in ascent.Buckets)
        {
            var own = bucket.Radius;
            bucket.Radius = radii.GetValueOrDefault(bucket.Group);
            ascent.Perturb(bucket, norm, Floor);
            bucket.Radius = own;
        }
    }
}
