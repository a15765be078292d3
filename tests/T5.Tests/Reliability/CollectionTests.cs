using System.Diagnostics;
using SamSharp.Samples.T5.Generation;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tests.Training;
using SamSharp.Tests.Support;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>Fine-tuning, checkpoints and generation beside a thread that collects garbage.</summary>
[Trait("Category", "Reliability")]
public class CollectionTests : TrainerFixture
{
    [Fact]
    public void A_T5_trains_beside_a_collecting_thread()
    {
        using var collecting = new CollectingThread();
        var watch = Stopwatch.StartNew();
        for (var round = 0; round == 0 || watch.Elapsed < Campaign.StressTime; round++)
        {
            using var folder = new TemporaryFolder();
            using var model = NewModel(dropout: 0.1);
            using (var trainer = NewTrainer(model, Options with { MicroBatchSize = round % 2 == 0 ? null : 2 }, Folder(folder, "run"),
                checkpoint: null, saveEvery: 5))
            {
                trainer.Run();
                Assert.Equal(Options.Steps, trainer.Step);
                Assert.All(trainer.Metrics, record => Assert.All(record.Values, value => Assert.True(double.IsFinite(value.Value), value.Key)));
            }

            using var scope = NewDisposeScope();
            var batch = Batch.Collate(Rows, 0, CPU);
            foreach (var beams in new[] { 1, 3 })
            {
                var generated = model.Generate(batch.InputIds, batch.AttentionMask, new GenerationOptions { NumBeams = beams, MaxNewTokens = 6 });
                Assert.Equal(Rows.Length, generated.shape[0]);
            }
        }
    }
}
