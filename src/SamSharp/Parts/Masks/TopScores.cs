using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Marks the weights of the highest scores.</summary>
internal static class TopScores
{
    /// <summary>Exactly <paramref name="count"/> ones among all scores together, by the highest score; of equal ones libtorch's topk decides.</summary>
    /// <param name="scores">One tensor per parameter.</param>
    /// <param name="count">How many to mark; no more than there are.</param>
    /// <returns>Tensors of the scores' shapes and dtypes, in the current dispose scope.</returns>
    public static Tensor[] Mark(IReadOnlyList<Tensor> scores, long count)
    {
        if (scores.Count == 0) return [];
        var all = cat(scores.Select(score => score.reshape(-1)).ToArray());
        var marks = zeros_like(all);
        if (count > 0) marks.index_fill_(0, all.topk((int)Math.Min(count, all.numel())).indexes, 1);
        var start = 0L;
        return scores.Select(score =>
        {
            var own = marks.narrow(0, start, score.numel()).reshape(score.shape);
            start += score.numel();
            return own;
        }).ToArray();
    }

    /// <summary>Marks among the parameters of several lists, and keeps the marks.</summary>
    public static void Keep(IReadOnlyList<(ParameterSlot Slot, Tensor Score)> scores, long count, SlotTensors into)
    {
        using var scope = NewDisposeScope();
        foreach (var (mark, (slot, _)) in Mark(scores.Select(score => score.Score).ToArray(), count).Zip(scores))
            into.Put(slot, mark.to(slot.Parameter.dtype, slot.Parameter.device, copy: true));
    }
}
