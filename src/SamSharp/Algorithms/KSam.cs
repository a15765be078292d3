using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>K-SAM: both passes use the K examples with the largest loss at w (Ni, Chiang, Geiping, Goldblum, Wilson, Goldstein, "K-SAM:
/// Sharpness-Aware Minimization at the Speed of SGD", 2022). It favors examples with wrong labels.</summary>
/// <param name="Count">K, for both passes, at least 1; all examples if there are fewer.</param>
/// <param name="AscentCount">K for the first pass if it differs, at least 1. Null (default): the same.</param>
/// <example><code>optimizer.Step(rows => LossesOf(rows), new LargestLoss(16));</code></example>
public sealed record LargestLoss(int Count, int? AscentCount = null) : IExampleRule
{
    /// <summary>K, for both passes, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Count { get; init => field = Check.Positive(value, nameof(Count)); } = Check.Positive(Count);

    /// <summary>K for the first pass, at least 1; null for the same as <see cref="Count"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int? AscentCount { get; init => field = Checked(value); } = Checked(AscentCount);

    /// <inheritdoc/>
    public bool LooksFirst => true;

    /// <inheritdoc/>
    public ExampleSubset ForAscent(Tensor? losses) => Largest(losses, AscentCount ?? Count);

    /// <inheritdoc/>
    public ExampleSubset ForDescent(Tensor? losses, Tensor? perturbed) => Largest(losses, Count);

    private static ExampleSubset Largest(Tensor? losses, int count) => losses is null ? default
        : new ExampleSubset(TensorCheck.RequireVector(losses).topk((int)Math.Min(count, losses.numel())).indexes);

    private static int? Checked(int? count) => count is { } given ? Check.Positive(given, nameof(AscentCount)) : null;
}
