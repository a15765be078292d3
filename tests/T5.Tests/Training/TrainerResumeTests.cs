using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Training;
using SamSharp.Tests.Support;

namespace SamSharp.Samples.T5.Tests.Training;

[Collection(GlobalRandomNumbers.Name)]
public class TrainerResumeTests : TrainerFixture
{
    public static TheoryData<string, double> Optimizers
    {
        get
        {
            var cases = new TheoryData<string, double>();
            foreach (var name in OptimizerCatalog.Names)
            {
                cases.Add(name, 0);
                cases.Add(name, 0.05);
            }
            return cases;
        }
    }

    public static TheoryData<string> Recipes => [.. RecipeCatalog.Names];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void A_resumed_run_ends_as_an_uninterrupted_one_bit_for_bit(string optimizer, double rho)
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Optimizer = optimizer, Rho = rho };
        var (whole, resumed) = (Folder(folder, "whole"), Folder(folder, "resumed"));
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, options, whole, null))
            trainer.Run();

        RunFiveSteps(options, resumed);
        var checkpoint = resumed.LatestCheckpoint!;
        Assert.EndsWith("5", checkpoint, StringComparison.Ordinal);
        using (var model = T5Checkpoint.Load(checkpoint))
        using (var trainer = NewTrainer(model, options, resumed, checkpoint))
        {
            Assert.Equal(5, trainer.Step);
            trainer.Run();
        }

        foreach (var file in new[] { "model.safetensors", "optimizer.bin", "training.json", "metrics.jsonl" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.LatestCheckpoint!, file)),
                File.ReadAllBytes(Path.Combine(resumed.LatestCheckpoint!, file)));
        Assert.Equal(File.ReadAllText(whole.Metrics), File.ReadAllText(resumed.Metrics));
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_recipe_moves_the_weights_elsewhere_than_the_base_and_resumes_bit_for_bit(string recipe)
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Recipe = recipe, Rho = 0.1, Optimizer = "sgd", LearningRate = 0.1, Schedule = "constant" };
        var (plain, whole) = (Trained(options with { Rho = 0 }, Folder(folder, "plain")), Trained(options, Folder(folder, "whole")));
        Assert.NotEqual(plain, whole);

        var resumed = Folder(folder, "resumed");
        RunFiveSteps(options, resumed);
        Assert.Equal(whole, Trained(options, resumed, resumed.LatestCheckpoint));
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(null, 0.3)]
    [InlineData(null, 0.6)]
    public void Parts_with_their_own_ascents_and_averages_resume_bit_for_bit(int? rows, double? from)
    {
        using var folder = new TemporaryFolder();
        var options = Options with { AscentFraction = 1, AscentRows = rows, AverageFrom = from, Rho = 0.1, Optimizer = "sgd", LearningRate = 0.1 };
        var whole = Trained(options, Folder(folder, "whole"));
        Assert.NotEqual(Trained(options with { AscentRows = null, AverageFrom = null }, Folder(folder, "plain")), whole);
        var resumed = Folder(folder, "resumed");
        RunFiveSteps(options, resumed);
        Assert.Equal(whole, Trained(options, resumed, resumed.LatestCheckpoint));
        Assert.Equal(whole, Trained(options, resumed, resumed.LatestCheckpoint)); // which is done already
    }

    [Fact]
    public void A_mixture_in_buckets_resumes_bit_for_bit_too()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { MixtureCap = 3, BucketByLength = true, LabelSmoothing = 0.1 };
        var (whole, resumed) = (Folder(folder, "whole"), Folder(folder, "resumed"));
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, options, whole, null, taskRows: [6, 4]))
            trainer.Run();
        RunFiveSteps(options, resumed, taskRows: [6, 4]);
        using (var model = T5Checkpoint.Load(resumed.LatestCheckpoint!))
        using (var trainer = NewTrainer(model, options, resumed, resumed.LatestCheckpoint, taskRows: [6, 4]))
            trainer.Run();
        foreach (var file in new[] { "model.safetensors", "optimizer.bin", "metrics.jsonl" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.LatestCheckpoint!, file)),
                File.ReadAllBytes(Path.Combine(resumed.LatestCheckpoint!, file)));
    }

    [Fact]
    public void It_resumes_only_as_the_run_it_was()
    {
        using var folder = new TemporaryFolder();
        var run = Folder(folder, "run");
        using var model = NewModel();
        using (var trainer = NewTrainer(model, Options, run, null))
            trainer.Run();
        var checkpoint = run.LatestCheckpoint!;
        var error = Assert.Throws<ArgumentException>(() => NewTrainer(model, Options with { BatchSize = 5 }, run, checkpoint));
        Assert.Contains("BatchSize is 5, the checkpoint has 4", error.Message, StringComparison.Ordinal);
        var otherRows = Assert.Throws<ArgumentException>(() => new Trainer(model, 0, Rows[1..], Options, run, checkpoint));
        Assert.Contains("rows", otherRows.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("constant", 20, 6, true)]
    [InlineData("constant", 13, 4, false)] // step 10 would have been in the cool-down
    [InlineData("constant", 10, 0, false)] // fewer than are done
    [InlineData("linear", 20, 0, false)]   // the rates so far would have been others
    public void The_end_may_move_as_long_as_no_step_done_would_have_been_another(string schedule, int steps, int cooldown, bool allowed)
    {
        using var folder = new TemporaryFolder();
        var run = Folder(folder, "run");
        using var model = NewModel();
        using (var trainer = NewTrainer(model, Options with { Schedule = schedule }, run, null))
            trainer.Run();
        var moved = Options with { Schedule = schedule, Steps = steps, CooldownSteps = cooldown };
        Trainer Resumed() => NewTrainer(model, moved, run, run.LatestCheckpoint!);
        if (!allowed)
        {
            Assert.Contains("Steps is ", Assert.Throws<ArgumentException>(Resumed).Message, StringComparison.Ordinal);
            return;
        }
        using var resumed = Resumed();
        resumed.Run();
        Assert.Equal(steps, resumed.Step);
    }

    [Theory]
    [InlineData(4)]  // in the middle of the run
    [InlineData(11)] // the last step
    public void A_run_that_is_stopped_while_it_evaluates_makes_up_for_it(int step)
    {
        using var folder = new TemporaryFolder();
        var (whole, resumed) = (Folder(folder, "whole"), Folder(folder, "resumed"));
        static IReadOnlyDictionary<string, double> Scores() => new Dictionary<string, double> { ["loss"] = 0.5 };
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, Options, whole, null, evaluate: Scores))
            trainer.Run();
        using (var model = NewModel())
        {
            using var cancellation = new CancellationTokenSource();
            Trainer? running = null;
            using var trainer = running = NewTrainer(model, Options, resumed, null, evaluate: () =>
            {
                if (running!.Step != step)
                    return Scores();
                cancellation.Cancel();
                throw new OperationCanceledException(cancellation.Token);
            });
            Assert.Contains($"Stopped after step {step};", Assert.Throws<OperationCanceledException>(() => trainer.Run(cancellation.Token)).Message,
                StringComparison.Ordinal);
        }
        using (var model = T5Checkpoint.Load(resumed.LatestCheckpoint!))
        using (var trainer = NewTrainer(model, Options, resumed, resumed.LatestCheckpoint, evaluate: Scores))
            trainer.Run();
        Assert.Equal(File.ReadAllText(whole.Metrics), File.ReadAllText(resumed.Metrics));
        foreach (var file in new[] { "model.safetensors", "optimizer.bin", "metrics.jsonl" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.LatestCheckpoint!, file)),
                File.ReadAllBytes(Path.Combine(resumed.LatestCheckpoint!, file)));
    }

    // The middle of an epoch, of a report, and between two evaluations.
    private static void RunFiveSteps(TrainingOptions options, TrainingFolder run, int[]? taskRows = null)
    {
        using var model = NewModel();
        using var trainer = NewTrainer(model, options, run, null, taskRows: taskRows);
        using var cancellation = new CancellationTokenSource();
        trainer.Observers.Add(new CancelAt(5, cancellation));
        Assert.Throws<OperationCanceledException>(() => trainer.Run(cancellation.Token));
    }

    private sealed class CancelAt(int step, CancellationTokenSource cancellation) : ITrainingObserver
    {
        public void OnStep(TrainingProgress progress)
        {
            if (progress.Step == step)
                cancellation.Cancel();
        }
    }
}
