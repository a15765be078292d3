using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Tests.Tasks;
using SamSharp.Samples.T5.Training;
using SamSharp.Tests.Support;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Training;

[Collection(GlobalRandomNumbers.Name)]
public class TrainerTests
{
    private static readonly T5Config Config = new()
    {
        VocabularySize = 20,
        ModelWidth = 8,
        HeadWidth = 4,
        Heads = 2,
        FeedForwardWidth = 16,
        EncoderLayers = 1,
        DecoderLayers = 1,
    };

    private static readonly TrainingOptions Options = new() { Steps = 11, BatchSize = 4, LogEvery = 3, EvaluateEvery = 4, Schedule = "linear", WarmupSteps = 2 };

    // Rows whose target is their first id.
    private static readonly EncodedExample[] Rows =
        [.. Enumerable.Range(0, 10).Select(i => new EncodedExample([3 + i % 5, 10, .. Enumerable.Repeat(11, i % 3), 1], [3 + i % 5, 1]))];

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

        // Stopped after 5 steps: in the middle of an epoch, of a report, and between two evaluations.
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, options, resumed, null))
        {
            using var cancellation = new CancellationTokenSource();
            trainer.Observers.Add(new CancelAt(5, cancellation));
            Assert.Throws<OperationCanceledException>(() => trainer.Run(cancellation.Token));
        }
        var checkpoint = resumed.LatestCheckpoint!;
        Assert.EndsWith("5", checkpoint, StringComparison.Ordinal);
        using (var model = T5Checkpoint.Load(checkpoint))
        using (var trainer = NewTrainer(model, options, resumed, checkpoint))
        {
            Assert.Equal(5, trainer.Step);
            trainer.Run();
        }

        foreach (var file in new[] { "model.safetensors", "optimizer.bin", "training.json", "metrics.jsonl" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.LatestCheckpoint!, file)), File.ReadAllBytes(Path.Combine(resumed.LatestCheckpoint!, file)));
        Assert.Equal(File.ReadAllText(whole.Metrics), File.ReadAllText(resumed.Metrics));
    }

    [Fact]
    public void It_learns()
    {
        using var folder = new TemporaryFolder();
        using var model = NewModel();
        using var trainer = NewTrainer(model, Options with { Steps = 90, LearningRate = 1e-2, EvaluateEvery = 0 }, Folder(folder, "run"), null);
        trainer.Run();
        var steps = trainer.Metrics.Where(record => record.Split == "step").ToList();
        Assert.NotEmpty(steps);
        Assert.All(steps, record => Assert.Equal(record.Values["loss_difference"], record.Values["loss_at_w_plus_e"] - record.Values["loss_at_w"]));
        Assert.All(steps, record => Assert.True(record.Values["radius"] > 0 && record.Values["gradient_norm"] > 0 && record.Values["skipped_share"] == 0));
        var losses = trainer.Metrics.Where(record => record.Split == "train").Select(record => record.Values["loss"]).ToList();
        Assert.Equal(30, losses.Count);
        var end = losses.TakeLast(10).Average();
        Assert.True(end < 0.65 * losses[0], $"The loss went from {losses[0]} to {end}.");
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

    [Fact]
    public void It_keeps_the_newest_checkpoints_and_each_is_a_whole_model_folder()
    {
        using var folder = new TemporaryFolder();
        var run = Folder(folder, "run");
        using var model = NewModel();
        using var trainer = NewTrainer(model, Options, run, null, saveEvery: 2);
        trainer.Run();
        Assert.Equal(["step-00000010", "step-00000011"], Directory.GetDirectories(run.Checkpoints).Select(Path.GetFileName).Order());
        Assert.Equal(
            ["config.json", "metrics.jsonl", "model.safetensors", "optimizer.bin", "spiece.model", "training.json"],
            Directory.GetFiles(run.LatestCheckpoint!).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_stops_when_patience_runs_out_and_is_then_done()
    {
        using var folder = new TemporaryFolder();
        var run = Folder(folder, "run");
        var scores = new Queue<double>([1, 3, 2, 2, 9]);
        var options = Options with { Steps = 100, EvaluateEvery = 2, Patience = 2 };
        using var model = NewModel();
        using (var trainer = NewTrainer(model, options, run, null, evaluate: () => new Dictionary<string, double> { ["score"] = scores.Dequeue() }, stoppingMetric: "score"))
        {
            trainer.Run();
            Assert.Equal(8, trainer.Step);
            Assert.True(trainer.IsDone);
        }
        Assert.EndsWith("8", run.LatestCheckpoint, StringComparison.Ordinal);
        using var resumed = NewTrainer(model, options, run, run.LatestCheckpoint, stoppingMetric: "score");
        Assert.True(resumed.IsDone);
        resumed.Run();
        Assert.Equal(8, resumed.Step);
    }

    [Fact]
    public void It_keeps_the_best_model_by_each_metric()
    {
        using var folder = new TemporaryFolder();
        var run = Folder(folder, "run");
        var scores = new Queue<(double, double)>([(1, 5), (3, 6), (2, 4)]);
        var weights = new List<float>();
        using var model = NewModel();
        using var trainer = NewTrainer(model, Options with { Steps = 6, EvaluateEvery = 2 }, run, null, keepBest: ["score", "a/loss"], evaluate: () =>
        {
            weights.Add(model.parameters().First().sum().item<float>());
            var (score, loss) = scores.Dequeue();
            return new Dictionary<string, double> { ["score"] = score, ["a/loss"] = loss };
        });
        trainer.Run();
        Assert.Equal(weights[1], Sum(run.BestOf("score")));
        Assert.Equal(weights[2], Sum(run.BestOf("a/loss")));
        Assert.EndsWith("a-loss", run.BestOf("a/loss"), StringComparison.Ordinal);

        static float Sum(string path)
        {
            using var best = T5Checkpoint.Load(path);
            return best.parameters().First().sum().item<float>();
        }
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
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, options, resumed, null, taskRows: [6, 4]))
        {
            using var cancellation = new CancellationTokenSource();
            trainer.Observers.Add(new CancelAt(5, cancellation));
            Assert.Throws<OperationCanceledException>(() => trainer.Run(cancellation.Token));
        }
        using (var model = T5Checkpoint.Load(resumed.LatestCheckpoint!))
        using (var trainer = NewTrainer(model, options, resumed, resumed.LatestCheckpoint, taskRows: [6, 4]))
            trainer.Run();
        foreach (var file in new[] { "model.safetensors", "optimizer.bin", "metrics.jsonl" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.LatestCheckpoint!, file)), File.ReadAllBytes(Path.Combine(resumed.LatestCheckpoint!, file)));
    }

    [Fact]
    public void Label_smoothing_mixes_the_loss_with_that_of_a_uniform_target() // (1 - s) * -log p(label) + s * mean over the vocabulary of -log p
    {
        using var scope = NewDisposeScope();
        var model = NewModel();
        model.eval();
        using var batch = Batch.Collate(Rows, 0, CPU);
        var scores = model.Decode(model.ShiftRight(batch.Labels), model.Encode(batch.InputIds, batch.AttentionMask), batch.AttentionMask);
        var logs = nn.functional.log_softmax(scores, -1);
        var plain = -logs.gather(-1, batch.Labels.unsqueeze(-1)).mean();
        var expected = 0.9 * plain.item<float>() - 0.1 * logs.mean().item<float>();
        Assert.Equal(expected, model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels, 0.1).item<float>(), 1e-5);
    }

    public static TheoryData<string> Recipes => [.. RecipeCatalog.Names];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_recipe_moves_the_weights_elsewhere_than_the_base_and_resumes_bit_for_bit(string recipe)
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Recipe = recipe, Rho = 0.1, Optimizer = "sgd", LearningRate = 0.1, Schedule = "constant" };
        var (plain, whole) = (Trained(options with { Rho = 0 }, Folder(folder, "plain")), Trained(options, Folder(folder, "whole")));
        Assert.NotEqual(plain, whole);

        var resumed = Folder(folder, "resumed");
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, options, resumed, null))
        {
            using var cancellation = new CancellationTokenSource();
            trainer.Observers.Add(new CancelAt(5, cancellation));
            Assert.Throws<OperationCanceledException>(() => trainer.Run(cancellation.Token));
        }
        Assert.Equal(whole, Trained(options, resumed, resumed.LatestCheckpoint));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    public void Micro_batches_add_up_to_the_batch(double rho)
    {
        // Rows with targets of unlike length: a part counts by its labels, not by its rows.
        EncodedExample[] rows = [.. Rows.Select((row, i) => i % 3 == 0 ? row with { Target = [3, 4, 5, 6, 1] } : row)];
        using var folder = new TemporaryFolder();
        var options = Options with { Rho = rho, AscentFraction = 1, BatchSize = 7, Optimizer = "sgd", LearningRate = 0.1 };
        var whole = Trained(options, Folder(folder, "whole"), rows: rows, dropout: 0);
        var parts = Trained(options with { MicroBatchSize = 3 }, Folder(folder, "parts"), rows: rows, dropout: 0);
        Assert.Equal(whole.Length, parts.Length);
        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void A_step_is_no_longer_than_the_largest_gradient_norm_allows()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Steps = 1, WarmupSteps = 0, Schedule = "constant", Optimizer = "sgd", LearningRate = 1, Rho = 0.1 };
        using var model = NewModel();
        var before = Weights(model);
        double Moved(TrainingOptions options, string name) =>
            Math.Sqrt(Trained(options, Folder(folder, name)).Zip(before).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
        Assert.True(Moved(options, "free") > 0.02);
        Assert.Equal(0.01, Moved(options with { MaxGradientNorm = 0.01 }, "clipped"), 1e-4);
    }

    [Fact]
    public void The_second_pass_has_the_masks_of_a_step_without_SAM_when_randomness_is_replayed()
    {
        // With a radius too short to matter, SAM is the base optimizer, if only the masks are the same.
        using var folder = new TemporaryFolder();
        var options = Options with { Optimizer = "sgd", LearningRate = 0.1, Rho = 1e-6, AscentFraction = 0.5 };
        var plain = Trained(options with { Rho = 0 }, Folder(folder, "plain"));
        double Distance(bool replay) => Trained(options with { ReplayRandomness = replay }, Folder(folder, $"{replay}")).Zip(plain).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(Distance(true) < 1e-4);
        Assert.True(Distance(false) > 1e-3);
    }

    [Fact]
    public void Activations_in_bfloat16_train_float32_weights_to_nearly_the_same_place()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Optimizer = "sgd", LearningRate = 0.1, Rho = 0 };
        var full = Trained(options, Folder(folder, "full"), dropout: 0);
        var mixed = Trained(options, Folder(folder, "mixed"), dropout: 0, activations: ScalarType.BFloat16);
        Assert.NotEqual(full, mixed);
        Assert.All(full.Zip(mixed), pair => Assert.Equal(pair.First, pair.Second, 0.03f));
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        using var folder = new TemporaryFolder();
        using var model = NewModel();
        using var trainer = NewTrainer(model, Options with { Steps = 30, EvaluateEvery = 0, LogEvery = 1 }, Folder(folder, "run"), null);
        var counts = new CountTensors();
        trainer.Observers.Add(counts);
        trainer.Run();
        Assert.Equal(counts.Live[5], counts.Live[^2]);
    }

    [Fact]
    public void A_diverged_run_stops_and_says_so()
    {
        using var folder = new TemporaryFolder();
        using var model = NewModel();
        using (no_grad())
            model.parameters().First().fill_(float.NaN);
        using var trainer = NewTrainer(model, Options, Folder(folder, "run"), null);
        Assert.Contains("diverged", Assert.Throws<DivergedException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN, 0.25, "rho")]
    [InlineData(-0.1, 0.25, "rho")]
    [InlineData(double.PositiveInfinity, 0.25, "rho")]
    [InlineData(0.05, 0.0, "fraction")]
    [InlineData(0.05, 1.01, "fraction")]
    [InlineData(0.05, double.NaN, "fraction")]
    public void Options_out_of_range_are_refused_by_name(double rho, double fraction, string named)
    {
        var error = Assert.Throws<ArgumentException>(() => (Options with { Rho = rho, AscentFraction = fraction }).Validate());
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_the_batches_and_of_stopping_are_checked_too()
    {
        Refused(Options with { LabelSmoothing = 1 }, "label smoothing is 1");
        Refused(Options with { MixtureCap = 0 }, "cap is 0");
        Refused(Options with { Patience = 0 }, "patience is 0");
        Refused(Options with { MicroBatchSize = 0 }, "micro-batch is 0");
        Refused(Options with { MaxGradientNorm = 0 }, "gradient norm is 0");
        Refused(Options with { Recipe = "sam2" }, "'sam2'");
        Refused(Options with { Patience = 3, EvaluateEvery = 0 }, "Patience counts evaluations");

        static void Refused(TrainingOptions options, string named) =>
            Assert.Contains(named, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    private static T5Model NewModel(double? dropout = null)
    {
        using var generator = new Generator(1);
        return new T5Model(dropout is { } rate ? Config with { DropoutRate = rate } : Config, generator);
    }

    // All weights after a run.
    private static float[] Trained(TrainingOptions options, TrainingFolder folder, string? checkpoint = null, EncodedExample[]? rows = null,
        double? dropout = null, ScalarType? activations = null)
    {
        using var model = checkpoint is null ? NewModel(dropout) : T5Checkpoint.Load(checkpoint);
        model.ComputeType = activations ?? model.Type;
        using var trainer = new Trainer(model, 0, rows ?? Rows, options, folder, checkpoint);
        trainer.Run();
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        return Weights(model);
    }

    private static float[] Weights(T5Model model) => [.. model.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];

    private static TrainingFolder Folder(TemporaryFolder folder, string name) => new(Path.Combine(folder.Path, name), CarriedData.Vocabulary);

    private static Trainer NewTrainer(T5Model model, TrainingOptions options, TrainingFolder folder, string? checkpoint, int saveEvery = 0,
        Func<IReadOnlyDictionary<string, double>>? evaluate = null, string stoppingMetric = "loss", string[]? keepBest = null, int[]? taskRows = null)
        => new(model, 0, Rows, options, folder, checkpoint, taskRows)
        {
            Evaluate = evaluate ?? (() =>
            {
                using var gradientFree = no_grad();
                using var batch = Batch.Collate(Rows, 0, CPU);
                using var loss = model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels);
                return new Dictionary<string, double> { ["loss"] = loss.item<float>() };
            }),
            StoppingMetric = stoppingMetric,
            KeepBest = keepBest ?? [],
            SaveEvery = saveEvery,
        };

    private sealed class CancelAt(int step, CancellationTokenSource cancellation) : ITrainingObserver
    {
        public void OnStep(TrainingProgress progress)
        {
            if (progress.Step == step)
                cancellation.Cancel();
        }
    }

    private sealed class CountTensors : ITrainingObserver
    {
        public List<long> Live { get; } = [];

        public void OnStep(TrainingProgress progress)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Live.Add(Tensor.TotalCount);
        }
    }
}
