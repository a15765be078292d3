using SamSharp.Analysis;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The losses along the line through two solutions of a cell: the base at 0, the contender at 1.</summary>
/// <param name="Distance">Norm of the difference between the weights.</param>
public sealed record SolutionSlice(string Cell, string Task, string Contender, double Distance, LossSlice Train, LossSlice Test)
{
    // The line extends by half the distance on both sides.
    private static readonly double[] Places = LossSlice.Places(-0.5, 1.5, 17);

    /// <param name="train">The training loss; the model has the contender's weights.</param>
    /// <param name="test">The test loss of the same model.</param>
    /// <param name="from">The base's weights.</param>
    public static SolutionSlice Measure(Trial trial, LossSurface train, LossSurface test, WeightVector from)
    {
        using var to = train.Weights();
        using var way = SliceDirection.Towards(train, from);
        return new(trial.Cell, trial.Task, trial.Contender, way.Norm(),
            LossSlice.Between(train, from, to, Places), LossSlice.Between(test, from, to, Places));
    }
}
