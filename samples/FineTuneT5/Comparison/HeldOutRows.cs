using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Evaluation;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The rows that the trials of a comparison are measured on: validation rows in tuning, else test rows, with other tasks' and misspelled
/// ones where the comparison asks for them.</summary>
internal sealed class HeldOutRows
{
    private const string Misspelled = "typing-errors";
    private const int ErrorSeed = 0;

    private readonly CompareRequest _request;
    private readonly IReadOnlyDictionary<string, ComparedTask> _tasks;
    private readonly IReadOnlyDictionary<string, IModelKit> _kits;
    private readonly Dictionary<(string Task, string Rows), ModelEvaluator> _evaluators = [];
    private readonly ILookup<string, (string Name, T5Task Task, IReadOnlyList<TaskExample> Rows)> _others;

    public HeldOutRows(CompareRequest request, IReadOnlyDictionary<string, ComparedTask> tasks, IReadOnlyDictionary<string, IModelKit> kits)
    {
        (_request, _tasks, _kits) = (request, tasks, kits);
        _others = request.Transfers.Select(Transfer).Concat(Errors()).ToLookup(other => other.From, other => (other.Name, other.Task, other.Rows));
    }

    /// <summary>Measures a trained model; scores on other rows have those rows' name.</summary>
    public HeldOutScores Measure(Trial trial, TrainedModel model, TrainingOptions options, Measuring measuring)
    {
        var task = _tasks[trial.Task];
        if (trial.Tuning)
            return EvaluatorOf(trial.Task, "validation", task.Task, task.Validation, null, options)(model, measuring);
        var measured = EvaluatorOf(trial.Task, "test", task.Task, task.Test, task.Validation, options)(model, measuring);
        var values = measured.Values.ToDictionary();
        foreach (var (name, other, rows) in _others[trial.Task])
            values[name] = EvaluatorOf(trial.Task, name, other, rows, null, options)(model, measuring).Values[other.MainMetric];
        return measured with { Values = values };
    }

    private ModelEvaluator EvaluatorOf(
        string from, string name, T5Task task, IReadOnlyList<TaskExample> rows, IReadOnlyList<TaskExample>? calibration, TrainingOptions options)
    {
        if (!_evaluators.TryGetValue((from, name), out var evaluator))
            _evaluators[(from, name)] = evaluator = _kits[from].Evaluator([(task, rows)], options, calibration);
        return evaluator;
    }

    private (string From, string Name, T5Task Task, IReadOnlyList<TaskExample> Rows) Transfer(string named)
    {
        if (named.Split(':', 2) is not [var from, var other] || !_tasks.TryGetValue(from, out var task))
            throw new ArgumentException(
                $"--transfer has '{named}': give one of --tasks, a colon, and another task with its folder, such as sst2:cr=data/CR.");
        var compared = ComparedTask.Load(other, validationRows: 1, _request.TestRows);
        return (from, compared.Task.Name, compared.Task, task.TestRowsOf(compared));
    }

    private IEnumerable<(string From, string Name, T5Task Task, IReadOnlyList<TaskExample> Rows)> Errors() => _request.TypingErrors == 0 ? [] :
        _tasks.Select(task => (task.Key, Misspelled, task.Value.Task,
            T5.Tasks.TypingErrors.Add(task.Value.Test, _request.TypingErrors, ErrorSeed)));
}
