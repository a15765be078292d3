using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>The selective training of RoAST (Kim, Hwang, Jung, Kwak, Yun, "RoAST: Robustifying Language Models via Adversarial Perturbation with
    /// Selective Training", 2023; bbuing9/RoAST); see <see cref="FisherGate"/>. It makes no ascent: the adversarial half of RoAST is a loss,
    /// <see cref="Objectives.AdversarialLoss"/>. <see cref="OptimizerExtensions.MeasureFisherGate"/> makes the first gate, as the authors
    /// do.</summary>
    /// <param name="stepsPerEpoch">The steps from one gate to the next, at least 2; one epoch in the authors' code.</param>
    /// <param name="alpha">The rank, from 0 to 1, of weights that half of the gates let through. Default 0.9 (the authors' for sentiment; 0.6 for
    /// entailment).</param>
    /// <param name="beta">How sharply the share rises around that rank, at least 0. Default 10 (the authors' for sentiment; 1 for
    /// entailment).</param>
    /// <param name="unbiased">Whether what passes is divided by its probability. Default true (the authors' commands).</param>
    /// <param name="gates">Which parameters are gated; null (default) for all. The authors take those inside layers, without embeddings and
    /// head.</param>
    /// <param name="seed">Seed of the draws. Default 0.</param>
    /// <remarks>SAM with the same gate is <c>Recipe.Sam() with { Combiner = Recipe.Roast(n).Combiner }</c>.</remarks>
    [Published("RoAST", "Kim et al. 2023", "0", "2 (16 while a gate is made)")]
    public static SharpnessAwareOptions Roast(int stepsPerEpoch, double alpha = 0.9, double beta = 10, bool unbiased = true,
        Func<ParameterSlot, bool>? gates = null, long seed = 0) =>
        new() { Rho = 0, Combiner = new FisherGate(stepsPerEpoch, alpha, beta, unbiased, gates, new UniformNoise(seed)) };
}

public static partial class OptimizerExtensions
{
    /// <summary>Makes a new gate for <see cref="Recipe.Roast"/> from some batches at the present weights, as the authors do before training. The
    /// first batch is left out of the sum, as in their code. The parameters are left without gradients.</summary>
    /// <param name="optimizer">An optimizer with that recipe, between steps.</param>
    /// <param name="batches">At least two; each calls <c>backward()</c> and returns its loss.</param>
    /// <exception cref="ArgumentException">There are fewer than two batches.</exception>
    /// <exception cref="InvalidOperationException">The recipe has no such gate.</exception>
    public static void MeasureFisherGate(this SharpnessAwareOptimizer optimizer, IReadOnlyList<Func<Tensor>> batches)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(batches);
        if (batches.Count < 2) throw new ArgumentException($"There are {batches.Count} batches; at least two are needed.", nameof(batches));
        if (optimizer.Options.Combiner is not FisherGate gate)
            throw new InvalidOperationException("The recipe has no gate. Use Recipe.Roast, or its combiner.");
        using var sums = new SlotTensors();
        for (var i = 0; i < batches.Count; i++)
        {
            optimizer.Services.Table.Evaluate(batches[i]).Dispose();
            if (i == 0) continue;
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            foreach (var slot in optimizer.Parameters.Where(gate.IsGated))
            {
                if (slot.Parameter.grad is { } gradient) FisherGate.Add(sums.Of([slot], ParameterBucket.NewSum)[0], gradient, batches.Count);
            }
        }
        optimizer.Services.Table.ClearGradients();
        var memory = optimizer.Memory.Of(gate);
        gate.Renew(memory, [.. optimizer.Parameters.Where(slot => sums.Find(slot) is not null).Select(slot => (slot, sums.Find(slot)!))]);
        memory.Commit();
    }
}

/// <summary>
/// Lets gradients through at random, the more often the larger their mean square was over the last epoch: with r the rank of a weight's mean square
/// among all, scaled to [0, 1], the probability is p = 1 / (1 + exp(-2 beta (r - alpha))). Draws and probabilities stay for an epoch. Everything
/// passes until the first gate is made.
/// </summary>
/// <remarks>The first step of an epoch is left out of the mean, as in the authors' code. Equal mean squares have any order.</remarks>
/// <param name="StepsPerEpoch">The steps from one gate to the next, at least 2.</param>
/// <param name="Alpha">The rank at which p is one half, from 0 to 1.</param>
/// <param name="Beta">How sharply p rises there, at least 0.</param>
/// <param name="Unbiased">Whether what passes is divided by p.</param>
/// <param name="Gates">Which parameters are gated; null for all.</param>
/// <param name="Draws">Uniform numbers; the number of the gate stands for the step.</param>
[InDisposeScope]
internal sealed record FisherGate(int StepsPerEpoch, double Alpha, double Beta, bool Unbiased, Func<ParameterSlot, bool>? Gates, INoise Draws)
    : ICombiner
{
    private const double Floor = 1e-12;
    private const string Steps = "steps", Made = "made", Squares = "squares", Gate = "gate";

    /// <summary>The steps from one gate to the next, at least 2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 2.</exception>
    public int StepsPerEpoch { get; init => field = AtLeastTwo(value); } = AtLeastTwo(StepsPerEpoch);

    /// <summary>The rank at which p is one half, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Alpha { get; init => field = Check.Fraction(value, "alpha"); } = Check.Fraction(Alpha, "alpha");

    /// <summary>How sharply p rises there, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Beta { get; init => field = Check.NonNegative(value, "beta"); } = Check.NonNegative(Beta, "beta");

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent) => Pass(descent, bucket => bucket.AtPerturbed);

    /// <inheritdoc/>
    public void Plain(Descent descent) => Pass(descent, bucket => bucket.AtWeights);

    /// <summary>Whether a parameter is gated.</summary>
    public bool IsGated(ParameterSlot slot) => Gates?.Invoke(slot) ?? true;

    /// <summary>sum := sum + gradient^2 / count.</summary>
    public static void Add(Tensor sum, Tensor gradient, int count)
    {
        var wide = gradient.to(sum.dtype);
        sum.IncreaseByProduct(wide, wide, 1.0 / count);
    }

    /// <summary>Makes the gates of the given parameters.</summary>
    public void Renew(PartMemory memory, IReadOnlyList<(ParameterSlot Slot, Tensor Squares)> all)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (made, start) = ((long)memory.Number(Made) + 1, 0L);
        memory.Set(Made, made);
        if (all.Count == 0) return;
        var device = all[0].Squares.device;
        var ranks = cat([.. all.Select(one => one.Squares.reshape(-1).to(device))]).argsort().argsort();
        foreach (var (slot, squares) in all)
        {
            var rank = ranks.narrow(0, start, squares.numel()).reshape(squares.shape).to(squares.dtype, squares.device);
            var passes = rank.Over(Math.Max(ranks.numel() - 1, 1)).Minus(Alpha).Times(2 * Beta).sigmoid();
            var gate = Draws.Sample(slot, made, 0).lt(passes).to(squares.dtype);
            memory.Put(Gate, slot, Unbiased ? gate.div(passes.Plus(Floor)) : gate);
            start += squares.numel();
        }
    }

    private void Pass(Descent descent, Func<ParameterBucket, Tensor[]> gradientsOf)
    {
        var memory = descent.MemoryOf(this);
        var step = memory.Number(Steps) + 1;
        foreach (var bucket in descent.Buckets)
        {
            foreach (var (slot, gradient) in bucket.Parameters.Zip(gradientsOf(bucket)).Where(pair => IsGated(pair.First)))
            {
                if (step > 1) Add(memory.Change(Squares, [slot], ParameterBucket.NewSum)[0], gradient, StepsPerEpoch);
                if (memory.Find(Gate, slot) is { } gate) gradient.mul_(gate);
            }
        }
        memory.Set(Steps, step % StepsPerEpoch);
        if (step < StepsPerEpoch) return;
        var slots = descent.Services.Table.Slots.Where(slot => memory.Find(Squares, slot) is not null);
        Renew(memory, [.. slots.Select(slot => (slot, memory.Find(Squares, slot)!))]);
        memory.Forget(Squares);
    }

    private static int AtLeastTwo(int stepsPerEpoch) => stepsPerEpoch >= 2 ? stepsPerEpoch
        : throw new ArgumentOutOfRangeException(nameof(stepsPerEpoch), stepsPerEpoch,
            "stepsPerEpoch must be at least 2: the first step of an epoch is left out.");
}
