using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>The options of OT-MDR, on the quadratic: g at w is (1.5, -1), at the end of an ascent of 0.1 (1.610940039, -1.138675049).</summary>
[TensorScope]
public class OtMdrTests
{
    private static readonly double[] Second = [1.610940039, -1.138675049];

    private readonly Quadratic _quadratic = new();

    private SharpnessAwareOptimizer Wrap(SharpnessAwareOptions? recipe = null) =>
        optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(recipe ?? Recipe.Sam(0.1));

    private (Func<Tensor>, Func<Tensor>) Branch => (_quadratic.Backward, _quadratic.Backward);

    /// <summary>The merged direction is divided by the norm of the new gradient alone, unless by its own.</summary>
    [Theory]
    [InlineData(MergedAscent.None, false, 1, 0, 1)]
    [InlineData(MergedAscent.Sum, false, 1, 1, 1)]
    [InlineData(MergedAscent.Mean, false, 0.5, 0.5, 1)]
    [InlineData(MergedAscent.Sum, true, 1, 1, 0)]
    public void The_second_ascent_climbs_along_the_merged_direction(MergedAscent merging, bool byOwnNorm, double second, double first, double alone)
    {
        using var optimizer = Wrap();
        optimizer.ChainedStep(_quadratic.Backward, [Branch], new OtMdr { Merging = merging, DividesByMergedNorm = byOwnNorm }).Dispose();
        double[] direction = [(second * Second[0]) + (first * 1.5), (second * Second[1]) - first];
        var norm = alone > 0 ? Math.Sqrt((Second[0] * Second[0]) + (Second[1] * Second[1]))
            : Math.Sqrt((direction[0] * direction[0]) + (direction[1] * direction[1]));
        Close.To([1.083205029 + (0.1 * direction[0] / norm), -0.555470020 + (0.1 * direction[1] / norm)], _quadratic.Points[2]);
    }

    [Fact]
    public void Noise_is_added_at_the_end_of_each_ascent()
    {
        using var optimizer = Wrap();
        optimizer.ChainedStep(_quadratic.Backward, [Branch], new OtMdr
        {
            Ratio = 0.5,
            Noise = 0.1,
            SecondNoise = 0.01,
            Draws = new GivenNoise([1, -1], [2, 3]),
        }).Dispose();
        Close.To([1.083205029 + 0.1, -0.555470020 - 0.1], _quadratic.Points[1]);
        double[] x = _quadratic.Points[1], g = [(2 * x[0]) + x[1], x[0] + (4 * x[1])];
        var norm = Math.Sqrt((g[0] * g[0]) + (g[1] * g[1]));
        Close.To([x[0] + (0.05 * g[0] / norm) + 0.02, x[1] + (0.05 * g[1] / norm) + 0.03], _quadratic.Points[2]);
    }

    [Fact]
    public void Branches_that_are_alike_add_up_or_average()
    {
        double[] GradientOf(int branches, bool averages)
        {
            using var optimizer = optim.SGD([_quadratic.W], 0).WithSharpnessAwareness(0.1);
            using var loss = optimizer.ChainedStep(_quadratic.Backward, [.. Enumerable.Repeat(Branch, branches)],
                new OtMdr { AveragesBranches = averages });
            Assert.Equal(1, loss.item<double>(), 12);
            return _quadratic.FinalGradient;
        }

        var one = GradientOf(1, false);
        Close.To(one, GradientOf(3, true), 1e-14);
        Close.To([2 * one[0], 2 * one[1]], GradientOf(2, false), 1e-14);
    }

    /// <summary>Each branch has noise of its own.</summary>
    [Fact]
    public void Branches_draw_apart()
    {
        using var optimizer = Wrap();
        optimizer.ChainedStep(_quadratic.Backward, [Branch, Branch], new OtMdr { Noise = 0.1 }).Dispose();
        Assert.Equal(6, _quadratic.Points.Count);
        Assert.NotEqual(_quadratic.Points[1], _quadratic.Points[4]);
        Assert.Equal(_quadratic.Points[0], _quadratic.Points[3]); // both begin at w
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void It_goes_on_from_a_checkpoint_and_leaves_no_tensors(int branches)
    {
        var rule = new OtMdr { Merging = MergedAscent.Sum, Noise = 0.01, Seed = 3 };
        void Step(SharpnessAwareOptimizer optimizer, Problem problem, int t) => optimizer.ChainedStep(() => problem.Backward(t),
            [.. Enumerable.Range(0, branches).Select(b => (Of(problem, t + b), Of(problem, t + b + 1)))], rule).Dispose();
        static Func<Tensor> Of(Problem problem, int batch) => () => problem.Backward(batch);
        SharpnessAwareOptimizer WrapProblem(Problem problem) => optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(0.1);
        Resume.EqualsUninterrupted(WrapProblem, Step);
        Resume.LeavesNoTensors(WrapProblem, Step);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var sam = Wrap();
        Assert.Throws<ArgumentException>(() => sam.ChainedStep(_quadratic.Backward, [], new OtMdr()));
        Assert.Throws<ArgumentException>(() => sam.ChainedStep(_quadratic.Backward, [(_quadratic.Backward, null!)], new OtMdr()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OtMdr { Noise = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new OtMdr { SecondNoise = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new OtMdr { Ratio = -1 });
        using var regularized = Wrap(Recipe.CrSam());
        Assert.Contains("multiples of e", Assert.Throws<InvalidOperationException>(() =>
            regularized.ChainedStep(_quadratic.Backward, [Branch], new OtMdr { Noise = 1 })).Message, StringComparison.Ordinal);
        using var vasso = Wrap(Recipe.Vasso());
        Assert.Contains("keeps a history", Assert.Throws<InvalidOperationException>(() =>
            vasso.ChainedStep(_quadratic.Backward, [Branch, Branch], new OtMdr())).Message, StringComparison.Ordinal);
        Assert.Empty(_quadratic.Points);
    }
}
