using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Training;
using SamSharp.Tests.Support;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Training;

[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class TrainerTests : TrainerFixture
{
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
        Assert.All(steps, record => Assert.True(record.Values["radius"] > 0 &&
            record.Values["gradient_norm"] > 0 && record.Values["skipped_share"] == 0));
        var losses = trainer.Metrics.Where(record => record.Split == "train").Select(record => record.Values["loss"]).ToList();
        Assert.Equal(30, losses.Count);
        var end = losses.TakeLast(10).Average();
        Assert.True(end < 0.65 * losses[0], $"The loss went from {losses[0]} to {end}.");
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
            ["clock.json", "config.json", "metrics.jsonl", "model.safetensors", "optimizer.bin", "spiece.model", "training.json"],
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
        using (var trainer = NewTrainer(model, options, run, null, evaluate: () =>
            new Dictionary<string, double> { ["score"] = scores.Dequeue() }, stoppingMetric: "score"))
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
    public void A_diverged_run_stops_and_says_so()
    {
        using var folder = new TemporaryFolder();
        using var model = NewModel();
        using (no_grad())
            model.parameters().First().Fill(float.NaN);
        using var trainer = NewTrainer(model, Options, Folder(folder, "run"), null);
        Assert.Contains("diverged", Assert.Throws<DivergedException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }
}
