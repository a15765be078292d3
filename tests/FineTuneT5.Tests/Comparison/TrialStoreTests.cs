using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public sealed class TrialStoreTests : IDisposable
{
    private static readonly Trial Trial = new("sst2", "adafactor", "sam/4", null, 10, 1, 0.02, 0.5, 0.2, Tuning: false);
    private static readonly TrialResult Result = new(Trial, "accuracy", 0.75, 0.5, 0.1, 0.2, 12, 3, [new(5, 1.5), new(10, 1.25)]);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_result_is_found_by_every_store_of_the_folder()
    {
        var store = new TrialStore(_folder.Path);
        Assert.Null(store.Find(Trial));
        store.Save(Result);
        Assert.Equivalent(Result, new TrialStore(_folder.Path).Find(Trial), strict: true);
        Assert.Null(store.Find(Trial with { Seed = 2 }));
    }

    [Fact]
    public void Every_difference_between_trials_is_in_the_name()
    {
        Trial[] trials =
        [
            Trial, Trial with { Task = "trec" }, Trial with { Optimizer = "adamw" },
            Trial with { Contender = "sam" }, Trial with { Contender = "sam*4" }, Trial with { Rows = 100 },
            Trial with { Steps = 11 }, Trial with { Seed = 2 },
            Trial with { LearningRate = 0.01 }, Trial with { Rho = 0.1 }, Trial with { LabelNoise = 0 }, Trial with { Tuning = true },
        ];
        Assert.Equal(trials.Length, trials.Select(trial => trial.Name).Distinct().Count());
        Assert.All(trials, trial => Assert.DoesNotContain(trial.Name, character => Path.GetInvalidFileNameChars().Contains(character)));
    }

    [Fact]
    public void Work_is_one_stores_until_it_gives_it_back()
    {
        var (first, second) = (new TrialStore(_folder.Path), new TrialStore(_folder.Path));
        using (first.TryTake("work"))
        {
            Assert.Null(second.TryTake("work"));
            using var other = second.TryTake("other work");
            Assert.NotNull(other);
        }
        using var again = second.TryTake("work");
        Assert.NotNull(again);
    }

    [Fact]
    public void A_finished_comparison_is_lines_alone_and_can_be_gone_on_with()
    {
        var waiting = new TrialStore(_folder.Path);
        Assert.Null(waiting.Find(Trial));
        var store = new TrialStore(_folder.Path);
        var diverged = Result with { Trial = Trial with { Seed = 2 }, Score = 0, Loss = null, SharpnessAfter = null };
        store.Save(Result);
        store.Save(diverged);
        store.Finish();
        Assert.Equal(["comparison.lock", "results.jsonl"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
        Assert.Equivalent(new[] { Result, diverged }, TrialStore.ReadLines(store.Lines), strict: true);

        Assert.Equivalent(Result, waiting.Find(Trial), strict: true); // another process, which looked before
        var later = new TrialStore(_folder.Path);
        Assert.True(later.Find(diverged.Trial)!.Diverged);
        later.Save(Result with { Trial = Trial with { Seed = 3 } });
        later.Finish();
        Assert.Equal(3, TrialStore.ReadLines(store.Lines).Count);
    }

    [Fact]
    public void A_broken_file_is_named_with_what_to_do()
    {
        var store = new TrialStore(_folder.Path);
        store.Save(Result);
        var path = Directory.GetFiles(Path.Combine(_folder.Path, "trials")).Single();
        File.WriteAllText(path, "{");
        var error = Assert.Throws<InvalidDataException>(() => new TrialStore(_folder.Path).Find(Trial));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("delete it", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
