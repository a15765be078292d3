using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Training;
using SamSharp.Tests.Support;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Training;

[Collection(GlobalRandomNumbers.Name)]
public class TrainerStepTests : TrainerFixture
{
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

    /// <summary>Of one step on rows a and b with plain SGD, m = 1: the mean of the moves that SAM makes on a alone and on b alone, by
    /// their 2 and 4 labels.</summary>
    [Fact]
    public void With_parts_of_their_own_ascents_a_step_moves_by_the_mean_of_the_parts()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Steps = 1, WarmupSteps = 0, Schedule = "constant", Optimizer = "sgd", LearningRate = 1, Rho = 0.5 };
        float[] Run(string name, TrainingOptions options, params EncodedExample[] rows) =>
            Trained(options with { BatchSize = rows.Length, AscentFraction = 1 }, Folder(folder, name), rows: rows, dropout: 0);
        var longer = Rows[3] with { Target = [3, 4, 5, 1] };
        var (a, b) = (Run("a", options, Rows[0]), Run("b", options, longer));
        var both = Run("both", options with { AscentRows = 1, AscentFraction = 1 }, Rows[0], longer);
        Assert.All(both.Index(), weight => Assert.Equal((a[weight.Index] + (2 * b[weight.Index])) / 3, weight.Item, 1e-5f));
        Assert.Contains(both.Zip(Run("together", options, Rows[0], longer)), pair => Math.Abs(pair.First - pair.Second) > 1e-3f);
    }

    /// <summary>Averaged from 0.5 of four steps on: the mean of the weights after the third and the fourth.</summary>
    [Fact]
    public void The_average_of_the_last_weights_is_the_trained_and_the_evaluated_model()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Schedule = "constant", WarmupSteps = 0, Rho = 0.1, AscentFraction = 1, EvaluateEvery = 0 };
        float[] After(int steps) => Trained(options with { Steps = steps }, Folder(folder, $"{steps}"));
        var expected = After(3).Zip(After(4), (third, fourth) => (third + fourth) / 2).ToArray();
        using var model = NewModel();
        float[] evaluated = [];
        using (var trainer = NewTrainer(model, options with { Steps = 4, AverageFrom = 0.5 }, Folder(folder, "averaged"), null,
            evaluate: () =>
            {
                evaluated = Weights(model);
                return new Dictionary<string, double> { ["loss"] = 1 };
            }))
            trainer.Run();
        Assert.All(expected.Zip(evaluated), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Equal(evaluated, Weights(model));
        Assert.NotEqual(expected, After(4));
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
        double Distance(bool replay) => Trained(options with { ReplayRandomness = replay }, Folder(folder, $"{replay}"))
            .Zip(plain).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(Distance(true) < 1e-4);
        Assert.True(Distance(false) > 1e-3);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.03f)]
    [InlineData(ScalarType.Float16, 0.005f)]
    public void Activations_in_16_bits_train_float32_weights_to_nearly_the_same_place(ScalarType activations, float distance)
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Optimizer = "sgd", LearningRate = 0.1, Rho = 0 };
        var full = Trained(options, Folder(folder, "full"), dropout: 0);
        var mixed = Trained(options, Folder(folder, "mixed"), dropout: 0, activations: activations);
        Assert.NotEqual(full, mixed);
        Assert.All(full.Zip(mixed), pair => Assert.Equal(pair.First, pair.Second, distance));
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
