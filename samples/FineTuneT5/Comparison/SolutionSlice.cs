using SamSharp.Analysis;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The losses on the straight line through two solutions of a cell: the base's at 0, the contender's at 1.</summary>
/// <param name="Distance">The norm of the difference of the weights.</param>
public sealed record SolutionSlice(string Cell, string Task, string Contender, double Distance, LossSlice Train, LossSlice Test)
{
    // From half the distance before the one to half of it beyond the other.
    private static readonly double[] Places = LossSlice.Places(-0.5, 1.5, 17);

    /// <param name="train">The training loss, at the contender's weights.</param>
    /// <param name="test">The test loss, at the same.</param>
    /// <param name="from">The base's weights.</param>
    public static SolutionSlice Measure(Trial trial, LossSurface train, LossSurface test, WeightVector from)
    {
        using var to = train.Weights();
        using var way = SliceDirection.Towards(train, from);
        return new(trial.Cell, trial.Task, trial.Contender, way.Norm(),
            LossSlice.Between(train, from, to, Places), LossSlice.Between(test, from, to, Places));
    }
}
