using System.Diagnostics;
using System.Diagnostics.Metrics;
using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>The meter and the activity source "SamSharp". Their listeners hear the whole process, so each test has a recipe
/// name of its own.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class TelemetryTests
{
    private const int Interval = 3;

    [Fact]
    public void A_listener_hears_every_step_and_the_device_s_numbers_in_every_third()
    {
        using var problem = new Problem();
        using var optimizer = Wrap(problem, "heard");
        using var heard = new Heard("heard");
        for (var t = 1; t <= 7; t++)
        {
            optimizer.Step(() => t == 2 ? Bad(problem) : problem.Backward(t)).Dispose();
            if (t % Interval != 0) continue;
            var report = optimizer.LastStep;
            Assert.Equal(report.Loss, heard.Last("samsharp.loss"));
            Assert.Equal(report.PerturbedLoss, heard.Last("samsharp.loss.perturbed"));
            Assert.Equal(report.Sharpness, heard.Last("samsharp.sharpness"));
            Assert.Equal(report.GradientNorm, heard.Last("samsharp.gradient.norm"));
            Assert.True(report.GradientNorm > 0);
        }
        Assert.Equal(7, heard.Sum("samsharp.steps"));
        Assert.Equal(1, heard.Sum("samsharp.steps.skipped"));
        Assert.Equal(0.05, heard.Last("samsharp.radius"));
        Assert.Equal(7, heard.Count("samsharp.radius"));
        foreach (var name in new[] { "samsharp.loss", "samsharp.loss.perturbed", "samsharp.sharpness", "samsharp.gradient.norm" })
            Assert.Equal(2, heard.Count(name));
    }

    /// <summary>Without a listener, and between the steps of the interval with one, no number is read from the device.</summary>
    [Fact]
    public void The_device_is_read_only_for_listeners_and_only_when_due()
    {
        using var problem = new Problem();
        using var optimizer = Wrap(problem, "read");
        for (var t = 1; t <= 6; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        Assert.Equal(0, optimizer.LastStep.Reads);
        Assert.True(double.IsNaN(optimizer.LastStep.GradientNorm));
        using var heard = new Heard("read");
        var before = optimizer.LastStep.Reads;
        optimizer.Step(() => problem.Backward()).Dispose();
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(before, optimizer.LastStep.Reads);
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.InRange(optimizer.LastStep.Reads - before, 4, 8);
    }

    /// <summary>A checkpoint's skipped steps are not counted again.</summary>
    [Fact]
    public void Skipped_steps_are_counted_once()
    {
        using var problem = new Problem();
        using var first = Wrap(problem, "skips", interval: 1);
        first.Step(() => Bad(problem)).Dispose();
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;
        using var second = Wrap(problem, "skips", interval: 1);
        second.load_state_dict(new BinaryReader(stream));
        using var heard = new Heard("skips");
        second.Step(() => problem.Backward()).Dispose();
        Assert.Equal(0, heard.Count("samsharp.steps.skipped"));
        second.Step(() => Bad(problem)).Dispose();
        Assert.Equal(1, heard.Sum("samsharp.steps.skipped"));
        Assert.Equal(2, second.LastStep.SkippedSteps);
    }

    [Fact]
    public void The_phases_of_a_step_are_activities()
    {
        using var problem = new Problem();
        using var optimizer = Wrap(problem, "traced");
        using var traced = new Traced("traced");
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(["samsharp.ascent", "samsharp.descent", "samsharp.base_step"], traced.Names);
        Assert.All(traced.Ended, activity => Assert.Equal(1L, activity.GetTagItem("samsharp.step")));
        Assert.All(traced.Ended.Zip(traced.Ended.Skip(1)), pair =>
            Assert.True(pair.First.StartTimeUtc + pair.First.Duration <= pair.Second.StartTimeUtc + TimeSpan.FromMilliseconds(1)));

        traced.Ended.Clear();
        optimizer.zero_grad();
        problem.Backward().Dispose();
        optimizer.Ascend();
        Assert.Equal(["samsharp.ascent"], traced.Names);
        Assert.Null(Activity.Current);
        problem.Backward().Dispose();
        optimizer.Descend();
        Assert.Equal(["samsharp.ascent", "samsharp.descent", "samsharp.base_step"], traced.Names);

        traced.Ended.Clear();
        optimizer.Gradient(() => problem.Backward()).Dispose();
        Assert.Equal(["samsharp.ascent", "samsharp.descent"], traced.Names);
        optimizer.Apply();
        Assert.Equal(["samsharp.ascent", "samsharp.descent", "samsharp.base_step"], traced.Names);

        traced.Ended.Clear();
        optimizer.Groups[0].Rho = 0;
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(["samsharp.descent", "samsharp.base_step"], traced.Names);
    }

    [Fact]
    public void A_phase_that_throws_has_the_status_of_an_error()
    {
        using var problem = new Problem();
        using var optimizer = Wrap(problem, "failing");
        using var traced = new Traced("failing");
        Assert.Throws<ThrownByTest>(() => optimizer.Step(() => optimizer.IsPerturbed ? throw new ThrownByTest() : problem.Backward()));
        Assert.Equal(["samsharp.ascent", "samsharp.descent"], traced.Names);
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], traced.Ended.Select(activity => activity.Status));
        Assert.Null(Activity.Current);
    }

    [Fact]
    public void Nothing_is_allocated_while_nobody_listens()
    {
        var options = new SharpnessAwareOptions { MetricsInterval = 1 };
        var (meter, activities) = (new StepMeter(options), new StepActivities(options));
        using var report = new StepReport();
        void Once()
        {
            activities.Enter(StepActivities.Ascent, 1);
            activities.Enter(StepActivities.Descent, 1);
            activities.Enter(StepActivities.BaseStep, 1);
            activities.End();
            if (meter.WantsGradientNorm(1)) throw new ThrownByTest();
            meter.Record(report);
        }
        for (var i = 0; i < 100; i++) Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_recipe_is_called_by_its_name_or_by_its_parts()
    {
        Assert.Equal("SAM", RecipeName.Of(Recipe.Sam(0.2)));
        Assert.Equal("LearningRateTied+SurrogateGap", RecipeName.Of(Recipe.Gsam()));
        Assert.Equal("AdaptiveGeometry+LearningRateTied+SurrogateGap", RecipeName.Of(Recipe.Gsam() with { Geometry = new AdaptiveGeometry() }));
        Assert.Equal("gsam", RecipeName.Of(Recipe.Named("gsam")));
        Assert.Equal("ours", RecipeName.Of(Recipe.Gsam() with { Name = "ours" }));
    }

    private static SharpnessAwareOptimizer Wrap(Problem problem, string name, int interval = Interval) =>
        new(optim.SGD(problem.Parameters, 0.1, momentum: 0.9), new SharpnessAwareOptions { Name = name, MetricsInterval = interval });

    private static Tensor Bad(Problem problem)
    {
        using var loss = problem.Backward();
        return loss.detach().Times(double.NaN);
    }

    /// <summary>All that the meter tells of one recipe.</summary>
    private sealed class Heard : IDisposable
    {
        private readonly List<(string Name, double Value)> _all = [];
        private readonly MeterListener _listener = new();

        public Heard(string recipe)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "SamSharp") listener.EnableMeasurementEvents(instrument);
            };
            void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            {
                var tag = Assert.Single(tags.ToArray());
                if (tag is { Key: "samsharp.recipe", Value: string own } && own == recipe) _all.Add((instrument.Name, value));
            }
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
            _listener.Start();
        }

        public double Last(string name) => _all.Last(one => one.Name == name).Value;

        public int Count(string name) => _all.Count(one => one.Name == name);

        public double Sum(string name) => _all.Where(one => one.Name == name).Sum(one => one.Value);

        public void Dispose() => _listener.Dispose();
    }

    /// <summary>The activities of one recipe, as they end.</summary>
    private sealed class Traced : IDisposable
    {
        private readonly ActivityListener _listener;

        public Traced(string recipe)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "SamSharp",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    if (activity.GetTagItem("samsharp.recipe") is string own && own == recipe) Ended.Add(activity);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public List<Activity> Ended { get; } = [];

        public IEnumerable<string> Names => Ended.Select(activity => activity.OperationName);

        public void Dispose() => _listener.Dispose();
    }
}
