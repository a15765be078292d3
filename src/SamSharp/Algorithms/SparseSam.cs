using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Sparse SAM with a Fisher mask, SSAM-F (Mi et al. 2022). Call <see cref="SampleFisherMask.Refresh"/> from time to time.</summary>
    /// <param name="sparsity">The share of weights that stay; in [0, 1). Default 0.2 (Mi-Peng/Sparse-Sharpness-Aware-Minimization).</param>
    /// <param name="rho">The radius. Default 0.05 (the same code).</param>
    [Published("Sparse SAM, Fisher", "Mi et al. 2022", "1", "3")]
    public static SharpnessAwareOptions SparseSam(double sparsity = 0.2, double rho = 0.05) =>
        new() { Rho = rho, Geometry = new MaskedGeometry(new EuclideanGeometry(NormFloor: 1e-7), new SampleFisherMask(sparsity)) };

    /// <summary>Sparse SAM with a dynamic mask, SSAM-D (Mi et al. 2022); see <see cref="DynamicMask"/>.</summary>
    /// <param name="refreshes">The number of refreshes.</param>
    /// <param name="refreshEvery">Steps from one refresh to the next; the authors refresh every fifth epoch.</param>
    /// <param name="rho">The radius. Default 0.05 (the same code).</param>
    /// <param name="sparsity">The share of weights that stay. Default 0.2 (the same code).</param>
    [Published("Sparse SAM, dynamic", "Mi et al. 2022", "1", "3 (more at a refresh)")]
    public static SharpnessAwareOptions DynamicSparseSam(int refreshes, int refreshEvery, double rho = 0.05, double sparsity = 0.2) =>
        new()
        {
            Rho = rho,
            Geometry = new MaskedGeometry(new EuclideanGeometry(NormFloor: 1e-7), new DynamicMask(refreshes, refreshEvery, sparsity)),
        };
}

/// <summary>
/// Sparse SAM's Fisher mask (SSAM-F): the weights with the largest sum of squared gradients of single examples, updated by <see cref="Refresh"/>
/// (Mi, Shen, Ren, Zhou, Sun, Ji, Tao, "Make Sharpness-Aware Minimization Stronger: A Sparsified Perturbation Approach", 2022).
/// </summary>
/// <remarks>The authors refresh it in the first batch of every fifth epoch, after the step. Their code begins with a mask of zeros, so the
/// first step has no ascent; here all weights are perturbed until the first call.</remarks>
/// <param name="Sparsity">The share of weights that stay; in [0, 1). Default 0.2 (Mi-Peng/Sparse-Sharpness-Aware-Minimization).</param>
public sealed record SampleFisherMask(double Sparsity = 0.2) : IElementMask
{
    /// <summary>The share of weights that stay; in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Sparsity { get; init => field = Check.Share(value, nameof(Sparsity)); } = Check.Share(Sparsity);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public Tensor[] MaskOf(Ascent ascent, ParameterBucket bucket) => MaskMemory.MaskOf(this, ascent, bucket);

    /// <summary>Updates the mask of an optimizer from examples, between steps. The parameters are left without gradients.</summary>
    /// <param name="optimizer">The optimizer, whose recipe has this mask.</param>
    /// <param name="samples">One closure per example (the authors use 1024) that calls <c>backward()</c> and returns the example's loss.</param>
    /// <exception cref="InvalidOperationException">The optimizer's recipe has no such mask.</exception>
    public static void Refresh(SharpnessAwareOptimizer optimizer, IEnumerable<Func<Tensor>> samples)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(samples);
        var mask = optimizer.Memory.Parts.OfType<SampleFisherMask>().FirstOrDefault()
            ?? throw new InvalidOperationException($"The optimizer's recipe has no {nameof(SampleFisherMask)}: {optimizer.Options.Geometry}.");
        using var scores = new SlotTensors();
        foreach (var sample in samples)
        {
            ArgumentNullException.ThrowIfNull(sample, nameof(samples));
            optimizer.Services.Table.Evaluate(sample).Dispose();
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            foreach (var parameter in optimizer.Parameters)
            {
                if (parameter.Parameter.grad is not { } gradient) continue;
                var wide = gradient.to(ParameterBucket.AccumulatorOf(gradient.dtype));
                scores.Of([parameter], _ => zeros_like(wide))[0].IncreaseByProduct(wide, wide);
            }
        }
        optimizer.zero_grad();
        mask.Mark(optimizer, scores);
    }

    /// <summary>Marks the floor(n (1 - sparsity)) weights with the highest scores.</summary>
    internal void Mark(SharpnessAwareOptimizer optimizer, SlotTensors scores)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var found = optimizer.Parameters.Where(parameter => scores.Find(parameter) is not null)
            .Select(parameter => (parameter, scores.Find(parameter)!)).ToArray();
        var memory = optimizer.Memory.Of(this);
        TopScores.Keep(found, (long)Math.Floor(found.Sum(score => score.Item2.numel()) * (1 - Sparsity)), memory);
        memory.Commit();
    }
}

/// <summary>The score by which <see cref="DynamicMask"/> chooses weights.</summary>
public enum MaskScore
{
    /// <summary>The size of the perturbed weight.</summary>
    Weight,

    /// <summary>The size of the weight's gradient.</summary>
    Gradient,

    /// <summary>A random number.</summary>
    Random,
}

/// <summary>
/// Sparse SAM's dynamic mask (SSAM-D): random at first; at each refresh a share r of the perturbed weights is dropped and as many others take
/// their place, r = drop (1 + cos(pi i / refreshes)) / 2 at refresh i = 0, 1, ... (Mi et al. 2022; see <see cref="SampleFisherMask"/>).
/// </summary>
/// <remarks>A refresh follows an ascent and takes effect with the next one. The number of perturbed weights is constant up to rounding (at
/// most one per refresh): no more weights are dropped than can be replaced (the authors' code drops them anyway).</remarks>
/// <param name="Refreshes">How many refreshes the schedule of r spans, at least 1; after that r stays at its final value.</param>
/// <param name="RefreshEvery">Ascents from one refresh to the next, at least 1; the first ascent refreshes.</param>
/// <param name="Sparsity">The share of weights that stay; in [0, 1). Default 0.2 (Mi-Peng/Sparse-Sharpness-Aware-Minimization).</param>
/// <param name="Drop">The share of perturbed weights that is replaced at the first refresh, from 0 to 1. Default 0.5 (the same code).</param>
/// <param name="DropBy">The score by which perturbed weights are dropped, lowest first. Default: the size
/// of the gradient (the code's default).</param>
/// <param name="GrowBy">The score by which weights take their place, highest first. Default: random (the code's default).</param>
/// <param name="Seed">Seed of the random choices. Default 0.</param>
/// <param name="Initial">Creates the first mask of each parameter; null (default) for a random one.</param>
public sealed record DynamicMask(int Refreshes, int RefreshEvery, double Sparsity = 0.2, double Drop = 0.5, MaskScore DropBy = MaskScore.Gradient,
    MaskScore GrowBy = MaskScore.Random, long Seed = 0, Func<ParameterSlot, Tensor>? Initial = null) : IElementMask
{
    private const string Ascents = "ascents";

    /// <summary>How many refreshes the schedule of r spans, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Refreshes { get; init => field = Check.Positive(value, nameof(Refreshes)); } = Check.Positive(Refreshes);

    /// <summary>Ascents from one refresh to the next, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int RefreshEvery { get; init => field = Check.Positive(value, nameof(RefreshEvery)); } = Check.Positive(RefreshEvery);

    /// <summary>The share of weights that stay; in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Sparsity { get; init => field = Check.Share(value, nameof(Sparsity)); } = Check.Share(Sparsity);

    /// <summary>The share of perturbed weights that is replaced at the first refresh, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Drop { get; init => field = Check.Fraction(value, nameof(Drop)); } = Check.Fraction(Drop);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public Tensor[] MaskOf(Ascent ascent, ParameterBucket bucket) => MaskMemory.MaskOf(this, ascent, bucket);

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        return DropBy == MaskScore.Gradient || GrowBy == MaskScore.Gradient ? MaskMemory.ObjectionToGradients(this, options) : null;
    }

    /// <inheritdoc/>
    public void Prepare(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var memory = ascent.MemoryOf(this);
        if (!memory.IsEmpty(MaskMemory.Mask)) return;
        if (Initial is not null)
        {
            foreach (var bucket in ascent.Buckets) memory.Change(MaskMemory.Mask, bucket.Parameters, parameter =>
                ClosureResult.RequireLike(Initial(parameter), parameter.Parameter, $"the first mask of {parameter.Describe()}"));
            return;
        }
        var scores = Scores(ascent, MaskScore.Random, -1);
        TopScores.Keep(scores, (long)Math.Floor(scores.Sum(score => score.Score.numel()) * (1 - Sparsity)), memory);
    }

    /// <inheritdoc/>
    public void Review(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var memory = ascent.MemoryOf(this);
        var ascents = (long)memory.Number(Ascents);
        memory.Set(Ascents, ascents + 1);
        if (ascents % RefreshEvery != 0) return;
        var refresh = Math.Min(ascents / RefreshEvery, Refreshes);
        var replaced = Drop * (1 + Math.Cos(Math.PI * refresh / Refreshes)) / 2;
        var alive = ascent.Buckets.SelectMany(bucket => MaskOf(ascent, bucket)).ToArray();
        var all = alive.Sum(mask => mask.numel());
        var death = Scores(ascent, DropBy, (2 * refresh) + 1).Zip(alive, (score, mask) => score.Score.mul(mask)).ToArray();
        var growth = Scores(ascent, GrowBy, (2 * refresh) + 2).Zip(alive, (score, mask) => score.Score.mul(mask.neg().IncreaseBy(1))).ToArray();
        var (perturbed, still) = (all * (1 - Sparsity), all * Sparsity);
        var survivors = TopScores.Mark(death, (long)Math.Floor(Math.Max(perturbed * (1 - replaced), perturbed - still)));
        var grown = TopScores.Mark(growth, (long)Math.Floor(Math.Min(perturbed * replaced, still)));
        foreach (var (parameter, (survivor, newcomer)) in ascent.Buckets.SelectMany(bucket => bucket.Parameters).Zip(survivors.Zip(grown)))
        {
            var mask = survivor.logical_or(newcomer).to(parameter.Parameter.dtype, parameter.Parameter.device, copy: true);
            memory.Put(MaskMemory.Mask, parameter, mask);
        }
    }

    /// <summary>One positive score per weight; the constant keeps a score of 0 above the weights that do not count.</summary>
    private (ParameterSlot Parameter, Tensor Score)[] Scores(Ascent ascent, MaskScore by, long draw) =>
        ascent.Buckets.SelectMany(bucket => bucket.Parameters.Select((parameter, i) => (parameter, (by switch
        {
            // Half precision has too few numbers to tell scores apart.
            MaskScore.Weight => bucket.Results[i].to(bucket.Accumulator, copy: true).abs_(),
            MaskScore.Gradient => bucket.AtWeights[i].to(bucket.Accumulator, copy: true).abs_(),
            _ => SeededNoise.Draw(parameter, Seed, draw, 0, (shape, _, generator) => rand(shape, bucket.Accumulator, generator: generator)),
        }).IncreaseBy(1e-7)))).ToArray();
}
