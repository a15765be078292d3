using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Marks the weights with the highest scores.</summary>
internal static class TopScores
{
    /// <summary>Marks with ones exactly <paramref name="count"/> of all scores, the highest; libtorch's topk breaks ties.</summary>
    /// <param name="scores">One tensor per parameter; they may lie on several devices.</param>
    /// <param name="count">How many to mark; no more than there are.</param>
    /// <returns>Tensors of the scores' shapes, on the first score's device, in the current dispose scope.</returns>
    [InDisposeScope]
    public static Tensor[] Mark(IReadOnlyList<Tensor> scores, long count)
    {
        if (scores.Count == 0) return [];
        var device = scores[0].device;
        var all = cat(scores.Select(score => score.reshape(-1).to(device)).ToArray());
        var marks = zeros_like(all);
        if (count > 0) marks.FillAt(0, all.topk((int)Math.Min(count, all.numel())).indexes, 1);
        var start = 0L;
        return scores.Select(score =>
        {
            var own = marks.narrow(0, start, score.numel()).reshape(score.shape);
            start += score.numel();
            return own;
        }).ToArray();
    }

    /// <summary>Marks among the parameters of several buckets, and remembers the marks as their masks.</summary>
    public static void Keep(IReadOnlyList<(ParameterSlot Parameter, Tensor Score)> scores, long count, PartMemory into)
    {
        using var scope = NewDisposeScope();
        foreach (var (mark, (parameter, _)) in Mark(scores.Select(score => score.Score).ToArray(), count).Zip(scores))
            into.Put(MaskMemory.Mask, parameter, mark.to(parameter.Parameter.dtype, parameter.Parameter.device, copy: true));
    }
}
