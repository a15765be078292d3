using SamSharp.Analysis;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Search;

/// <summary>The search for rho: a short run with each candidate, after which nothing has happened.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class RhoSearchTests
{
    private static readonly double[] Candidates = [0, 0.05, 0.5];

    private static readonly Dictionary<string, Func<Problem, optim.Optimizer>> Bases = new()
    {
        ["SGD"] = problem => optim.SGD(problem.Parameters, 0.1, momentum: 0.9),
        ["AdamW"] = problem => optim.AdamW(problem.Parameters, 0.01),
        ["FusedAdamW"] = problem => new FusedAdamW(problem.Parameters, 0.01),
        ["FusedSGD"] = problem => new FusedSGD(problem.Parameters, 0.05, momentum: 0.9),
        ["Adafactor"] = problem => new Adafactor(problem.Parameters, 0.01),
    };

    public static TheoryData<string, int, string> Cases()
    {
        var cases = new TheoryData<string, int, string>();
        foreach (var name in Bases.Keys)
        {
            foreach (var steps in new[] { 0, 2 })
            {
                foreach (var recipe in new[] { "Sam", "Vasso", "LookSam" }) cases.Add(name, steps, recipe);
            }
        }
        return cases;
    }

    /// <summary>Training goes on after a search, or after one that fails or is canceled anywhere, as if there had been none: to
    /// the last bit.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_goes_on_as_if_there_had_been_no_search(string baseName, int stepsBefore, string recipe)
    {
        using var untouched = Trained(baseName, stepsBefore, recipe, (_, _) => { });
        using var searched = Trained(baseName, stepsBefore, recipe, (optimizer, problem) =>
        {
            Search(optimizer, problem);
            using var source = new CancellationTokenSource();
            var late = new Listener(progress =>
            {
                if (progress.Share > 0.5) source.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => Search(optimizer, problem, late, source.Token));
            Assert.Throws<ThrownByTest>(() => RhoSearch.Run(optimizer, problem.Model, _ => Step(problem, 1),
                () => throw new ThrownByTest(), steps: 1));
            Assert.Throws<ThrownByTest>(() => RhoSearch.Run(optimizer, problem.Model,
                i => i == 1 ? throw new ThrownByTest() : Step(problem, i),
                () => problem.Loss(problem.X, problem.Y), steps: 3));
        });
        Close.Bits(untouched, searched);
    }

    /// <summary>With the normalization in evaluation mode, which must stay, or in training mode, where the search moves its statistics.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_modes_buffers_radii_and_counters_come_back(bool training)
    {
        using var problem = new Problem(batchNorm: true, dropout: 0.2);
        using var optimizer = Bases["AdamW"](problem).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1 });
        optimizer.Step(() => Step(problem, 0)).Dispose();
        problem.Model.train();
        problem.Model.Norm.train(training);
        optimizer.Groups[0].Rho = 0.3;
        using var weights = problem.Weights();
        using var gradients = problem.Gradients();
        using var mean = problem.Model.Norm.running_mean!.clone();
        var radii = new HashSet<double>();
        RhoSearch.Run(optimizer, problem.Model, i =>
        {
            radii.Add(optimizer.Groups[0].Rho!.Value);
            return Step(problem, i);
        }, () => problem.Loss(problem.X, problem.Y), Candidates, steps: 2);
        Assert.Equal(Candidates.Select(rho => rho * 3), radii.Order(), new Within(1e-12)); // the group's radius is three times the common one
        Close.Bits(weights, problem.Weights());
        Close.Bits(gradients, problem.Gradients());
        Close.Bits(mean, problem.Model.Norm.running_mean!);
        Assert.Equal((true, training), (problem.Model.training, problem.Model.Norm.training));
        Assert.Equal(0.3, optimizer.Groups[0].Rho);
        Assert.Equal(1, optimizer.LastStep.Step);
    }

    /// <summary>Each trial is what a user would find by training with that radius, and two searches find the same.</summary>
    [Fact]
    public void A_trial_is_a_training_run_with_its_radius()
    {
        using var problem = new Problem();
        using var optimizer = Bases["SGD"](problem).WithSharpnessAwareness(rho: 0.05);
        var found = RhoSearch.Run(optimizer, problem.Model, i => Step(problem, i), () => problem.Loss(problem.X, problem.Y), Candidates, 4, 0.1);
        Assert.Equal(found.Trials, RhoSearch.Run(optimizer, problem.Model, i => Step(problem, i),
            () => problem.Loss(problem.X, problem.Y), Candidates, 4, 0.1).Trials);
        Assert.Equal(Candidates, found.Trials.Select(trial => trial.Rho));
        foreach (var trial in found.Trials)
        {
            using var own = new Problem();
            using var alone = Bases["SGD"](own).WithSharpnessAwareness(rho: trial.Rho);
            var losses = new List<double>();
            for (var i = 0; i < 4; i++)
            {
                using var loss = alone.Step(() => Step(own, i));
                losses.Add(loss.ReadDouble());
            }
            using var surface = new LossSurface(own.Model, () => own.Loss(own.X, own.Y));
            Assert.Equal(surface.LossAtOrigin, trial.Loss);
            Assert.Equal(new OneStepSharpness(new Ball(0.1)).Measure(surface)[0].Value, trial.Sharpness);
            Assert.Equal(losses.Skip(2).Average(), trial.TrainingLoss, 12);
            Assert.Equal(trial.Loss + trial.Sharpness, trial.Score);
        }
        Assert.Equal(found.Trials.MinBy(trial => trial.Score), found.Best);
        Assert.Contains("sharpness", found.ToString(), StringComparison.Ordinal);
        Assert.Single(found.ToString().Split('\n'), line => line.TrimEnd().EndsWith('*'));
    }

    [Fact]
    public void A_run_that_diverges_is_not_the_best()
    {
        using var problem = new Problem();
        using var optimizer = Bases["SGD"](problem).WithSharpnessAwareness(rho: 0.05);
        var trials = new RhoTrial[] { new(0.2, 3, double.NaN, 1, 0), new(0.1, 3, double.NaN, 1, 0), new(1, double.NaN, double.NaN, double.NaN, 5) };
        Assert.Equal(0.1, new RhoSearch(trials).Best!.Value.Rho);
        Assert.Null(new RhoSearch(trials[2..]).Best);
        Assert.DoesNotContain("sharpness", new RhoSearch(trials).ToString(), StringComparison.Ordinal);
        var skipped = RhoSearch.Run(optimizer, problem.Model, i => Step(problem, i, bad: true), () => problem.Loss(problem.X, problem.Y), [0.1], 3);
        Assert.Equal(3, skipped.Trials[0].SkippedSteps);
        Assert.Equal(0, optimizer.LastStep.SkippedSteps);
    }

    [Fact]
    public void Progress_grows_to_1_and_no_tensor_is_left_behind()
    {
        using var problem = new Problem();
        using var optimizer = Bases["FusedAdamW"](problem).WithSharpnessAwareness(rho: 0.05);
        Search(optimizer, problem);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var heard = new List<double>();
        Search(optimizer, problem, new Listener(progress => heard.Add(progress.Share)));
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(Candidates.Length * 3, heard.Count);
        Assert.Equal(heard.Order(), heard);
        Assert.Equal(1, heard[^1], 12);
    }

    [Fact]
    public void What_cannot_be_searched_is_named()
    {
        using var problem = new Problem();
        using var optimizer = Bases["SGD"](problem).WithSharpnessAwareness(rho: 0.05);
        void Run(double[]? candidates = null, int steps = 1) =>
            RhoSearch.Run(optimizer, problem.Model, i => Step(problem, i), () => problem.Loss(problem.X, problem.Y), candidates, steps);
        Assert.Throws<ArgumentException>(() => Run([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run([-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(steps: 0));
        problem.Backward().Dispose();
        optimizer.Ascend();
        Assert.Contains("perturbed", Assert.Throws<InvalidOperationException>(() => Run()).Message, StringComparison.Ordinal);
    }

    private static Tensor Trained(string baseName, int stepsBefore, string recipe, Action<SharpnessAwareOptimizer, Problem> between)
    {
        manual_seed(5);
        using var problem = new Problem(dropout: 0.1);
        using var optimizer = new SharpnessAwareOptimizer(Bases[baseName](problem), AllRecipes.Named(recipe, problem));
        for (var i = 0; i < stepsBefore; i++) optimizer.Step(() => Step(problem, i)).Dispose();
        between(optimizer, problem);
        for (var i = 0; i < 3; i++) optimizer.Step(() => Step(problem, i + 3)).Dispose();
        Assert.Equal(stepsBefore + 3, optimizer.LastStep.Step);
        return problem.Weights();
    }

    private static void Search(
        SharpnessAwareOptimizer optimizer, Problem problem, IProgress<MeasureProgress>? progress = null, CancellationToken token = default) =>
        RhoSearch.Run(optimizer, problem.Model, i => Step(problem, i), () => problem.Loss(problem.X, problem.Y), Candidates, 3,
            sharpnessRadius: 0.05, progress, token);

    private static Tensor Step(Problem problem, int step, bool bad = false)
    {
        if (!bad) return problem.Backward(step);
        using var scope = NewDisposeScope();
        var loss = problem.Backward(step).Times(double.NaN);
        return loss.detach().MoveToOuterDisposeScope();
    }

    private sealed class Listener(Action<MeasureProgress> hear) : IProgress<MeasureProgress>
    {
        public void Report(MeasureProgress value) => hear(value);
    }

    private sealed class Within(double tolerance) : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(double obj) => 0;
    }
}
