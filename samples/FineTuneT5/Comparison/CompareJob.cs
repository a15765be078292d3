using System.Text.Json;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>Tunes, compares and reports.</summary>
public static class CompareJob
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <exception cref="OperationCanceledException">The comparison was stopped; what is finished is kept, and a begun run's checkpoint.</exception>
    public static void Run(CompareRequest request, CancellationToken cancellation) => Run(request, RunSetup.Finder, cancellation);

    /// <inheritdoc cref="Run(CompareRequest, CancellationToken)"/>
    /// <param name="findKit">Finds the model that the request names.</param>
    public static void Run(CompareRequest request, Func<RunRequest, CancellationToken, KitFinder> findKit, CancellationToken cancellation)
    {
        try
        {
            Compare(request, findKit, cancellation);
        }
        catch (OperationCanceledException stopped) when (cancellation.IsCancellationRequested)
        {
            throw new StoppedException("Stopped; the finished runs are kept, and the last checkpoint of the one that was going on.",
                request.Run.Output, stopped);
        }
    }

    private static void Compare(CompareRequest request, Func<RunRequest, CancellationToken, KitFinder> findKit, CancellationToken cancellation)
    {
        var runs = request.Optimizers.Count * request.Sizes.Count * request.Seeds.Count * request.Tasks.Count * (1 + request.Contenders.Count);
        Console.WriteLine(ComparisonSummary.Plan(request, runs)); // at once: reading model and rows takes a moment
        var store = new TrialStore(request.Run.Output);
        var tuning = new Tuning(request, store.Find);
        var runner = IsFinished(request, tuning, store) ? null : new TrialRunner(request, store, findKit(request.Run, cancellation));
        RequireSameComparison(request, store);
        Console.WriteLine(runner is null ? "All of them are finished; neither the model nor the tasks' rows are read." :
            string.Concat(runner.Tasks.Values.Select(task =>
                $"{task.Task.Name}: {task.Training.Count} training, {task.Validation.Count} validation and {task.Test.Count} test rows; ")) +
            $"model {Path.GetFileName(request.Run.Model)}, {runner.ParameterCount / 1e6:N1} M weights, on {request.Run.Device}.");

        // The runs of a cell follow one another in one process: the first leaves its weights to another.
        Do("Tuning the learning rate", tuning.FirstRound.Select(trial => (trial.Name, new[] { trial })));
        Do("Tuning rho, and the learning rate as often", tuning.SecondRound.Select(trial => (trial.Name, new[] { trial })));
        var trials = Trials(request, tuning).ToList();
        Do("Comparing", trials.GroupBy(trial => trial.Cell).Select(cell => (cell.Key, cell.ToArray())));

        TrialResult[] results = [.. trials.Select(trial => store.Find(trial)!)];
        var slices = trials.Select(trial => trial.Cell).Distinct().Select(store.FindSlice).OfType<SolutionSlice>();
        var report = new ComparisonReport(request, results, [.. slices], [.. tuning.Tried]);
        store.RequireFolder();
        store.Finish();
        report.Show(store);

        void Do(string title, IEnumerable<(string Name, Trial[] Trials)> work) => TrialProgress.Show(title, [.. work], store, progress =>
        {
            while (progress.Left is { Count: > 0 } left)
            {
                var taken = left.Select(piece => (piece.Trials, Claim: store.TryTake(piece.Name))).FirstOrDefault(piece => piece.Claim is not null);
                using var claim = taken.Claim;
                if (claim is null)
                    cancellation.WaitHandle.WaitOne(Patience);
                foreach (var trial in (taken.Trials ?? []).Where(trial => store.Find(trial) is null))
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress.Begin(trial);
                    var result = runner!.Run(trial, progress, cancellation);
                    store.RequireFolder();
                    store.Save(result);
                    store.Discard(trial);
                    progress.Report(result);
                }
                cancellation.ThrowIfCancellationRequested();
            }
        });
    }

    // A finished comparison can be reported again where the data are not. The later rounds follow from the results of the earlier ones.
    private static bool IsFinished(CompareRequest request, Tuning tuning, TrialStore store)
    {
        bool IsDone(Trial trial) => store.Find(trial) is not null;
        return tuning.FirstRound.All(IsDone) && tuning.SecondRound.All(IsDone) && Trials(request, tuning).All(IsDone);
    }

    /// <summary>All runs that are reported, the base first in each cell.</summary>
    private static IEnumerable<Trial> Trials(CompareRequest request, Tuning tuning) =>
        from optimizer in request.Optimizers.Select(pair => pair.Key)
        from size in request.Sizes
        from seed in request.Seeds
        from task in request.Tasks.Select(named => named.Split('=')[0])
        from contender in request.Contenders.Prepend(Contender.Base)
        let setting = tuning.Best(optimizer, contender)
        select new Trial(
            task, optimizer, contender.Name, size.Rows, contender.Steps(size.Steps, setting.Rho), seed, setting.LearningRate, setting.Rho,
            request.LabelNoise, Tuning: false);

    // Tasks, sizes, seeds and contenders may be added to a comparison; what all its runs have in common may not change.
    private static void RequireSameComparison(CompareRequest request, TrialStore store)
    {
        RunFolder.RequireNoRun(store.Folder);
        var training = request.Training with { LearningRate = null, Rho = 0 }; // each trial has its own
        var common = JsonSerializer.Serialize(new
        {
            Model = Path.GetFileName(request.Run.Model),
            DType = request.Run.Types.Name,
            request.ValidationRows,
            request.TestRows,
            request.SharpnessRho,
            Training = training,
        });
        if (AtomicFile.TryWriteNew(store.Settings, common))
            return;
        if (!request.Run.Resume)
            throw new ArgumentException(
                $"The folder {store.Folder} already holds a comparison: add --resume to go on with it, or give another --output.");
        if (File.ReadAllText(store.Settings) != common)
            throw new ArgumentException($"The comparison in {store.Folder} was begun with another model or other training options: " +
                $"see {store.Settings}. Give the same, or another --output.");
    }
}
