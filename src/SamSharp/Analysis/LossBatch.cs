using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>The loss of a fixed part of the data.</summary>
/// <param name="Loss">Computes the part's mean loss, one element, and does not call <c>backward()</c>. Called many
/// times; each call must compute it again.</param>
/// <param name="Rows">The rows of the part. Default 0: not known; the part then counts as one row.</param>
/// <param name="Weight">The part's weight in the mean over all parts, above 0; null (default) for its rows. If the loss is
/// a mean over tokens, use their number.</param>
public readonly record struct LossBatch(Func<Tensor> Loss, long Rows = 0, double? Weight = null)
{
    internal double Share => Weight ?? Math.Max(1, Rows);
}
