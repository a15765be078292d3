using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The published algorithms by name, each with the defaults of its paper or official code. A recipe is an ordinary
/// <see cref="SharpnessAwareOptions"/>: change it with <c>with</c>, for instance
/// <c>Recipe.Sam() with { Module = model }</c>. Optimizers may share a recipe.
/// </summary>
public static partial class Recipe
{
    /// <summary>SAM (Foret, Kleiner, Mobahi, Neyshabur, 2021).</summary>
    /// <param name="rho">The radius. Default 0.05 (davda54/sam).</param>
    [Published("SAM", "Foret et al. 2021")]
    public static SharpnessAwareOptions Sam(double rho = 0.05) => new() { Rho = rho };

    /// <summary>SAM with several ascents (Foret et al. 2021, appendix).</summary>
    /// <param name="ascents">The number of ascents, each of length rho; at least 1.</param>
    /// <param name="rho">The radius of each. Default 0.05.</param>
    [Published("n-step ascent", "Foret et al. 2021", "n")]
    public static SharpnessAwareOptions MultiStepSam(int ascents, double rho = 0.05) => new() { Rho = rho, AscentSteps = ascents };

    /// <summary>SAM whose ascents are steps of an optimizer with momentum, a := g / |g| + momentum a, as optax.contrib.sam can make them.</summary>
    /// <param name="ascents">The number of ascents, at least 1; optax's sync_period is one more.</param>
    /// <param name="momentum">The momentum of the ascents, in [0, 1). 0 is <see cref="MultiStepSam"/>.</param>
    /// <param name="rho">The radius of the first ascent. Default 0.05 (optax's example).</param>
    /// <param name="keepsMomentum">Whether a lives on from step to step (optax's reset_state is false). Default false.</param>
    [Published("n-step ascent with momentum", "optax.contrib.sam", "n", "2")]
    public static SharpnessAwareOptions MomentumAscentSam(int ascents, double momentum, double rho = 0.05, bool keepsMomentum = false) => new()
    {
        Rho = rho,
        AscentSteps = ascents,
        Direction = new AscentMomentum(momentum, keepsMomentum),
        Geometry = new RawGeometry(),
    };
}

/// <summary>Sums the unit gradients of consecutive ascents, a := g / |g| + momentum a, for <see cref="RawGeometry"/>
/// (google-deepmind/optax).</summary>
/// <param name="Momentum">The momentum, in [0, 1).</param>
/// <param name="Keeps">Whether a lives on from step to step; if not, it is 0 at the start of each.</param>
/// <param name="Normalizes">Whether each gradient is brought to length 1 first. Default true.</param>
internal sealed record AscentMomentum(double Momentum, bool Keeps = false, bool Normalizes = true) : IDirection
{
    private const string Trace = "trace", Last = "step";

    /// <summary>The momentum, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Momentum { get; init => field = Check.Share(value, nameof(Momentum)); } = Check.Share(Momentum);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var memory = ascent.MemoryOf(this);
        if (!Keeps && memory.Number(Last) != ascent.Step) memory.Forget(Trace);
        memory.Set(Last, ascent.Step);
        var length = ascent.GlobalNorm(bucket => ascent.Norm(bucket.AtWeights));
        var scale = Normalizes ? ascent.Inverse(length) : ones_like(length);
        foreach (var bucket in ascent.Buckets)
        {
            var trace = memory.Change(Trace, bucket.Parameters);
            ascent.Mix(trace, scale.FullLike(Momentum), bucket.AtWeights, scale);
            bucket.Direction = trace;
        }
    }
}
