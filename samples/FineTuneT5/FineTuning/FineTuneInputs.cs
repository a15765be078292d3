using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Evaluation;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>
/// The inputs that all runs of a request share. Loading them finds problems with files and machine before anything is written.
/// </summary>
public sealed record FineTuneInputs(IReadOnlyList<TaskRows> Tasks, IModelKit Kit)
{
    /// <summary>The tasks' names, separated by plus signs.</summary>
    public string Name => string.Join('+', Tasks.Select(rows => rows.Task.Name));

    public string MainMetric => MixtureEvaluator.MainMetric([.. Tasks.Select(rows => rows.Task)]);

    /// <summary>Whether every task has test rows.</summary>
    public bool HasTest => Tasks.All(rows => rows.Test is not null);

    /// <param name="findKit">Finds the model that the request names.</param>
    public static FineTuneInputs Load(FineTuneRequest request, Func<RunRequest, CancellationToken, KitFinder> findKit, CancellationToken cancellation)
    {
        var tasks = TaskSelection.Find(request);
        RequireMetrics(request.KeepBest, MixtureEvaluator.Metrics(tasks));
        var kits = findKit(request.Run, cancellation);
        var data = request.Data ?? BundledData.Folder;
        TaskRows[] rows = [.. tasks.Select(task => TaskRows.Load(task, data))];
        foreach (var task in rows)
            _ = request.RowCount(task.Train.Count);
        var kit = kits(tasks, [.. rows.SelectMany(task => task.Train.Concat(task.Dev))]);
        kit.RequireMemory(request.Run.Model, request.Training);
        return new FineTuneInputs(rows, kit);
    }

    private static void RequireMetrics(IReadOnlyList<string> wanted, IReadOnlyList<string> known)
    {
        if (wanted.FirstOrDefault(metric => !known.Contains(metric)) is { } unknown)
            throw new ArgumentException($"--keep-best names '{unknown}'; the metrics are {string.Join(", ", known)}.");
    }

    /// <summary>Evaluates on the dev rows or the test rows.</summary>
    public ModelEvaluator Evaluator(bool test, TrainingOptions options) =>
        Kit.Evaluator([.. Tasks.Select(rows => (rows.Task, test ? rows.Test! : rows.Dev))], options);
}
