using System.Globalization;
using SamSharp.Analysis;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

/// <summary>A measurement that is canceled, at any loss, leaves everything as it was; one that is not says how far it has come.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class CancellationTests
{
    private static readonly double[] Places = LossSlice.Places(-0.1, 0.1, 3);

    private static readonly Dictionary<string, Action<LossSurface>> Landscapes = new()
    {
        ["slice"] = surface =>
        {
            using var direction = SliceDirection.FilterNormalized(surface);
            LossSlice.Measure(surface, direction, Places);
        },
        ["between"] = surface =>
        {
            using var weights = surface.Weights();
            using var other = surface.Zero();
            LossSlice.Between(surface, weights, other, Places);
        },
        ["plane"] = surface =>
        {
            using var first = SliceDirection.Gradient(surface);
            using var second = SliceDirection.FilterNormalized(surface);
            LossPlane.Measure(surface, first, second, Places, Places);
        },
        ["eigenvectors"] = surface =>
        {
            foreach (var pair in SliceDirection.TopEigenvectors(surface, 2, steps: 4)) pair.Dispose();
        },
        ["density"] = surface =>
        {
            using var hessian = new Hessian(surface, adaptive: true);
            SpectralDensity.Estimate(hessian, starts: 2, steps: 3);
        },
        ["finite differences"] = surface =>
        {
            surface.Products = HessianVectorProduct.FiniteDifference;
            new HessianTrace { Probes = 2 }.Measure(surface);
        },
    };

    public static TheoryData<string> Names => [.. Landscapes.Keys, .. Enumerable.Range(0, MeasureTests.All().Length).Select(i => $"{i}")];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_canceled_measurement_leaves_everything_as_it_was(string name)
    {
        using var problem = new Problem(batchNorm: true);
        problem.Backward().Dispose();
        using var before = new ProblemState(problem);
        var calls = Calls(problem, name, _ => { });
        Assert.True(calls >= 3);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (var last in Enumerable.Range(1, 6).Append(calls / 2).Append(calls - 1).Where(n => n < calls).Distinct())
        {
            using var source = new CancellationTokenSource();
            var made = 0;
            var error = Assert.Throws<OperationCanceledException>(() => Calls(problem, name, call =>
            {
                made = call;
                if (call == last) source.Cancel();
            }, source.Token));
            Assert.Equal(source.Token, error.CancellationToken);
            Assert.Equal(last, made);
            before.RequireSame();
            Assert.True(problem.Model.training);
            Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Progress_grows_to_1(string name)
    {
        using var problem = new Problem(batchNorm: true);
        var heard = new List<MeasureProgress>();
        using var surface = new LossSurface(problem.Model, Losses(problem, _ => { })) { Progress = new Listener(heard.Add) };
        Measure(name, surface);
        RequireGrowing(heard);
        var first = heard.Count;
        Measure(name, surface);
        Assert.Equal(heard.Take(first), heard.Skip(first));
    }

    [Fact]
    public void A_report_counts_all_its_measures_and_can_be_canceled()
    {
        using var problem = new Problem(batchNorm: true);
        using var before = new ProblemState(problem);
        var heard = new List<MeasureProgress>();
        var options = new SharpnessOptions { SpectrumStarts = 2, Measures = [new OneStepSharpness(new Ball(0.1)), new Silent(), new HessianTrace()] };
        var report = SharpnessReport.Measure(problem.Model, Losses(problem, _ => { }), options, new Listener(heard.Add));
        RequireGrowing(heard);
        Assert.Contains(new("one step, L2", 0.25), heard);
        Assert.Contains(new("silence", 0.5), heard);
        Assert.Contains(new("trace of H", 0.5 + (0.25 / 2)), heard);
        Assert.Equal("spectral density of H", heard[^1].Name);

        using var canceled = new CancellationTokenSource();
        var late = new Listener(progress =>
        {
            if (progress.Share > 0.6) canceled.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => SharpnessReport.Measure(problem.Model,
            () => problem.Loss(problem.X, problem.Y), options, progress: late, cancellationToken: canceled.Token));
        Assert.Throws<OperationCanceledException>(() => SharpnessReport.Measure(problem.Model,
            () => throw new ThrownByTest(), cancellationToken: canceled.Token));
        before.RequireSame();
        Assert.Equal(3 + 2 - 1, report.Measurements.Count);
    }

    private static void RequireGrowing(List<MeasureProgress> heard)
    {
        Assert.NotEmpty(heard);
        Assert.All(heard, progress => Assert.NotEmpty(progress.Name));
        Assert.All(heard.Zip(heard.Skip(1)), pair => Assert.True(pair.First.Share < pair.Second.Share));
        Assert.True(heard[0].Share > 0);
        Assert.Equal(1, heard[^1].Share);
    }

    private static int Calls(Problem problem, string name, Action<int> seen, CancellationToken token = default)
    {
        var calls = 0;
        using var surface = new LossSurface(problem.Model, Losses(problem, call => seen(calls = call))) { CancellationToken = token };
        Measure(name, surface);
        return calls;
    }

    private static void Measure(string name, LossSurface surface)
    {
        if (Landscapes.TryGetValue(name, out var landscape)) landscape(surface);
        else MeasureTests.All()[int.Parse(name, CultureInfo.InvariantCulture)].Measure(surface);
    }

    private static LossBatch[] Losses(Problem problem, Action<int> seen)
    {
        var calls = 0;
        return
        [
            .. Enumerable.Range(0, 2).Select(step => new LossBatch(
                () =>
                {
                    seen(++calls);
                    using var scope = NewDisposeScope();
                    return problem.Loss(Problem.Batch(problem.X, step), Problem.Batch(problem.Y, step)).MoveToOuterDisposeScope();
                },
                8)),
        ];
    }

    private sealed class Silent : ISharpnessMeasure
    {
        public IReadOnlyList<Measurement> Measure(LossSurface surface) => [new("silence", 0, 1)];
    }

    private sealed class Listener(Action<MeasureProgress> hear) : IProgress<MeasureProgress>
    {
        public void Report(MeasureProgress value) => hear(value);
    }
}
