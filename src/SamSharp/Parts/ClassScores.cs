using System.Diagnostics.CodeAnalysis;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>What losses over classes have in common.</summary>
internal static class ClassScores
{
    public static void RequireFit([NotNull] Tensor? logits, [NotNull] Tensor? labels)
    {
        TensorCheck.RequireReal(logits);
        ArgumentNullException.ThrowIfNull(labels);
        if (logits.dim() != 2 || labels.dim() != 1 || logits.shape[0] != labels.shape[0] || logits.shape[0] == 0)
            throw new ArgumentException(
                $"Logits have shape [{string.Join(", ", logits.shape)}] and labels have shape [{string.Join(", ", labels.shape)}]; " +
                "[examples, classes] and [examples] are expected. Flatten sequences first, and leave out positions that do not count.");
        if (labels.dtype != ScalarType.Int64) throw new ArgumentException($"Labels have type {labels.dtype}; whole numbers (int64) are expected.");
    }
}
