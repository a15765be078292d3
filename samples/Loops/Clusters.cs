using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>Points of overlapping classes in the plane, whose centers lie on a circle.</summary>
[InDisposeScope]
internal static class Clusters
{
    /// <summary>Points [labels, 2] around the centers of their labels.</summary>
    /// <param name="labels">The class of each point.</param>
    /// <param name="classes">How many centers there are.</param>
    /// <param name="seed">Draws the points.</param>
    /// <param name="spread">The deviation of a class; the circle's radius is 1.</param>
    /// <param name="angle">Turns the whole, in radians.</param>
    public static (Tensor X, Tensor Y) Around(IReadOnlyList<long> labels, int classes, ulong seed, double spread = 0.6, double angle = 0)
    {
        using var generator = new Generator(seed);
        var turns = labels.Select(label => (2 * Math.PI * label / classes) + angle).ToArray();
        var centers = tensor(turns.SelectMany(turn => new[] { Math.Cos(turn), Math.Sin(turn) }).ToArray(), [labels.Count, 2]);
        return (centers.Plus(randn([labels.Count, 2], float64, generator: generator), spread), tensor(labels.ToArray()));
    }

    /// <summary>As many points of each class.</summary>
    public static (Tensor X, Tensor Y) Balanced(int count, int classes, ulong seed, double spread = 0.6, double angle = 0) =>
        Around([.. Enumerable.Range(0, count).Select(i => (long)(i % classes))], classes, seed, spread, angle);
}
