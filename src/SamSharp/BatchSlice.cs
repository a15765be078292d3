using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Takes part of a batch for the ascent. A quarter is the published setting for language models: nearly the effect of the whole batch for
/// about 25 % more compute (Bahri, Mobahi, Tay, "Sharpness-Aware Minimization Improves Language Model Generalization", 2022).
/// </summary>
public static class BatchSlice
{
    /// <summary>The paper's share of the batch.</summary>
    public const double Quarter = 0.25;

    /// <summary>The first rows of each tensor, as views. With shuffled batches these are a random subset without replacement.</summary>
    /// <param name="fraction">The share of the rows, in (0, 1]; rounded to the nearest number of rows, at least one.</param>
    /// <param name="batch">Tensors with the same number of rows (their first dimension).</param>
    /// <returns>One view per tensor, in the caller's dispose scope.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is outside (0, 1].</exception>
    /// <exception cref="ArgumentException">There is no tensor, a tensor has no rows, or the tensors have different numbers of rows.</exception>
    public static Tensor[] Take(double fraction, params Tensor[] batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Length == 0) throw new ArgumentException("There is no tensor to slice.", nameof(batch));
        foreach (var tensor in batch)
        {
            if (tensor?.IsInvalid != false) throw new ArgumentException("A tensor of the batch is null or has been disposed.", nameof(batch));
            if (tensor.is_sparse) throw new ArgumentException("A tensor of the batch is sparse, and cannot be sliced.", nameof(batch));
            if (tensor.dim() == 0 || tensor.shape[0] == 0)
                throw new ArgumentException($"A tensor of shape [{string.Join(", ", tensor.shape)}] has no rows to slice.", nameof(batch));
            if (tensor.shape[0] != batch[0].shape[0])
                throw new ArgumentException("The tensors of a batch must have the same number of rows, " +
                    $"but one has {batch[0].shape[0]} and another {tensor.shape[0]}.", nameof(batch));
        }
        var rows = Rows(batch[0].shape[0], fraction);
        return Array.ConvertAll(batch, tensor => tensor.narrow(0, 0, rows));
    }

    /// <summary>The number of rows in a fraction of a batch: the nearest number, at least one.</summary>
    /// <param name="rows">The rows of the whole batch, at least 1.</param>
    /// <param name="fraction">The share of the rows, in (0, 1]. Default <see cref="Quarter"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is outside (0, 1], or there are no rows.</exception>
    public static long Rows(long rows, double fraction = Quarter)
    {
        if (rows < 1) throw new ArgumentOutOfRangeException(nameof(rows), rows, "A batch has at least one row.");
        if (!(fraction > 0 && fraction <= 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The fraction of the batch must be greater than 0 and at most 1.");
        return Math.Clamp((long)Math.Round(rows * fraction, MidpointRounding.AwayFromZero), 1, rows);
    }
}
