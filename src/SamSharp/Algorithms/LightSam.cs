using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>LightSAM I, AdaGrad-Norm in both places: u := u + |g|^2, e = rho g / sqrt(u); v := v + |g+|^2, w := w - lr g+ / sqrt(v) ("LightSAM:
    /// Parameter-Agnostic Sharpness-Aware Minimization", 2025; as in dimitris-oik/sam_sps). Use SGD without momentum.</summary>
    /// <param name="rho">The scale of the ascent. Default 0.05, SAM's.</param>
    [Published("LightSAM I", "LightSAM 2025", "1", "2")]
    public static SharpnessAwareOptions LightSamNorm(double rho = 0.05) => Light(rho, new Accumulation(Whole: true, 0, 1));

    /// <summary>LightSAM II, AdaGrad in both places: the same as <see cref="LightSamNorm"/> element by element.</summary>
    /// <param name="rho">The scale of the ascent. Default 0.02, which is the radius of the first step's every element.</param>
    [Published("LightSAM II", "LightSAM 2025", "1", "5")]
    public static SharpnessAwareOptions LightSam(double rho = 0.02) => Light(rho, new Accumulation(Whole: false, 0, 1));

    /// <summary>LightSAM III, Adam without bias correction in both places.</summary>
    /// <param name="rho">The scale of the ascent. Default 0.01.</param>
    /// <param name="beta1">Decay of the moving averages of the gradients. Default 0.9.</param>
    /// <param name="beta2">Decay of the moving averages of their squares. Default 0.99.</param>
    [Published("LightSAM III", "LightSAM 2025", "1", "9")]
    public static SharpnessAwareOptions LightSamAdam(double rho = 0.01, double beta1 = 0.9, double beta2 = 0.99) =>
        Light(rho, new Accumulation(Whole: false, beta1, beta2));

    /// <summary>AdaSAM (Sun, Shen, Zhong, Ding, Chen, Sun, Li, Sun, Tao, "AdaSAM: Boosting Sharpness-Aware Minimization with Adaptive Learning Rate
    /// and Momentum for Training Deep Neural Networks", 2023; as in dimitris-oik/sam_sps): SAM whose g+ goes through AMSGrad without bias correction.
    /// Use SGD without momentum.</summary>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="beta1">Decay of the moving average of g+. Default 0.9.</param>
    /// <param name="beta2">Decay of the moving average of its square. Default 0.99.</param>
    [Published("AdaSAM", "Sun et al. 2023", "1", "7")]
    public static SharpnessAwareOptions AdaSam(double rho = 0.05, double beta1 = 0.9, double beta2 = 0.99) =>
        new() { Rho = rho, Combiner = new AccumulatedGradient(new Accumulation(Whole: false, beta1, beta2, KeepsMaximum: true)) };

    private static SharpnessAwareOptions Light(double rho, Accumulation rule) => new()
    {
        Rho = rho,
        Direction = new AccumulatedDirection(rule),
        Geometry = new RawGeometry(),
        Combiner = new AccumulatedGradient(rule),
    };
}

/// <summary>Divides gradients by the root of what was accumulated of their squares.</summary>
/// <param name="Whole">Whether the squared norm of everything is accumulated, or the square of each element.</param>
/// <param name="Beta1">Decay of a moving average that takes the gradients' place; 0 leaves them.</param>
/// <param name="Beta2">Decay of the moving average of the squares; 1 sums them.</param>
/// <param name="KeepsMaximum">Whether the largest average so far divides.</param>
[InDisposeScope]
internal sealed record Accumulation(bool Whole, double Beta1, double Beta2, bool KeepsMaximum = false)
{
    private const string Averages = "averages", Squares = "squares", Largest = "largest";

    /// <summary>Decay of a moving average that takes the gradients' place, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Beta1 { get; init => field = Check.Share(value, "beta1"); } = Check.Share(Beta1, "beta1");

    /// <summary>Decay of the moving average of the squares, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Beta2 { get; init => field = Check.Fraction(value, "beta2"); } = Check.Fraction(Beta2, "beta2");

    /// <summary>The sums and averages of squares begin at its square; above 0.</summary>
    internal double Epsilon { get; init; } = 1e-8;

    /// <summary>New vectors for each bucket.</summary>
    public Tensor[][] Apply(StepPhase phase, PartMemory memory, Func<ParameterBucket, Tensor[]> gradients)
    {
        if (Whole) memory.Set(Squares, Sum(memory.Number(Squares), phase.GlobalNorm(phase.Buckets, b => phase.Norm(gradients(b))).Value()));
        return [.. phase.Buckets.Select(bucket => Apply(phase, memory, bucket, gradients(bucket)))];
    }

    private Tensor[] Apply(StepPhase phase, PartMemory memory, ParameterBucket bucket, Tensor[] gradients)
    {
        var averages = gradients;
        if (Beta1 > 0)
        {
            averages = memory.Change(Averages, bucket.Parameters);
            phase.Mix(averages, Beta1, gradients, 1 - Beta1);
        }
        if (Whole) return Array.ConvertAll(averages, average => average.Over(Math.Sqrt(memory.Number(Squares))));
        var squares = memory.Change(Squares, bucket.Parameters, Start);
        for (var i = 0; i < squares.Length; i++)
            squares[i].MultiplyBy(Beta2).IncreaseByProduct(gradients[i], gradients[i], Beta2 < 1 ? 1 - Beta2 : 1);
        if (!KeepsMaximum) return averages.Zip(squares, (average, square) => average.div(square.sqrt())).ToArray();
        var largest = memory.Change(Largest, bucket.Parameters, Start);
        for (var i = 0; i < largest.Length; i++) largest[i].copy_(largest[i].maximum(squares[i]));
        return averages.Zip(largest, (average, square) => average.div(square.sqrt())).ToArray();
    }

    private double Sum(double sum, double norm) => (sum > 0 ? sum : Epsilon * Epsilon) + (norm * norm);

    private Tensor Start(ParameterSlot slot) => slot.Parameter.FullLike(Epsilon * Epsilon);
}

/// <summary>The direction of LightSAM.</summary>
internal sealed record AccumulatedDirection(Accumulation Rule) : IDirection
{
    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, optim.Optimizer baseOptimizer) => History.Objection(this, options);

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var vectors = Rule.Apply(ascent, ascent.MemoryOf(this), bucket => bucket.AtWeights);
        foreach (var (bucket, own) in ascent.Buckets.Zip(vectors)) bucket.Direction = own;
    }
}

/// <summary>The final gradient of LightSAM and AdaSAM.</summary>
internal sealed record AccumulatedGradient(Accumulation Rule) : ICombiner
{
    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var vectors = Rule.Apply(descent, descent.MemoryOf(this), bucket => bucket.AtPerturbed);
        foreach (var (bucket, own) in descent.Buckets.Zip(vectors)) descent.Copy(bucket.AtPerturbed, own);
    }
}
