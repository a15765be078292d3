using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.T5.Evaluation;

/// <summary>Measures a model on the held-out rows of each task of a mixture; with one task it equals <see cref="Evaluator"/>.</summary>
public sealed class MixtureEvaluator(
    IReadOnlyList<(T5Task Task, IReadOnlyList<TaskExample> Examples)> parts, T5Tokenizer tokenizer, TrainingOptions options)
{
    private const string Average = "average";
    private const string Loss = "loss";

    private readonly IReadOnlyList<(T5Task Task, Evaluator Evaluator)> _parts =
        [.. parts.Select(part => (part.Task, new Evaluator(part.Task, part.Examples, tokenizer, options)))];

    /// <summary>The metric that ranks models: the task's main score, or the mean of the tasks' main scores.</summary>
    public static string MainMetric(IReadOnlyList<T5Task> tasks) => tasks.Count == 1 ? tasks[0].MainMetric : Average;

    /// <summary>Names of all metrics that <see cref="Evaluate"/> returns.</summary>
    public static IReadOnlyList<string> Metrics(IReadOnlyList<T5Task> tasks) => tasks.Count == 1
        ? [.. tasks[0].Metrics, Loss]
        : [.. tasks.SelectMany(task => task.Metrics.Append(Loss).Select(metric => $"{task.Name}/{metric}")), Average, Loss];

    /// <summary>
    /// Scores and loss. With several tasks each score is <c>task/score</c>, <c>average</c> is the mean of the main scores and
    /// <c>loss</c> the mean of the losses. Switches the model to evaluation mode.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="measuring">Told of each batch.</param>
    public IReadOnlyDictionary<string, double> Evaluate(T5Model model, Measuring? measuring = null)
    {
        measuring?.Begin("scores", _parts.Sum(part => part.Evaluator.Batches));
        var results = _parts.Select(part => (part.Task, Result: part.Evaluator.Evaluate(model, measuring))).ToList();
        if (results.Count == 1)
            return results[0].Result.Metrics;
        var metrics = results
            .SelectMany(part => part.Result.Metrics.Select(metric => KeyValuePair.Create($"{part.Task.Name}/{metric.Key}", metric.Value)))
            .ToDictionary();
        metrics[Average] = results.Average(part => part.Result.Scores[part.Task.MainMetric]);
        metrics[Loss] = results.Average(part => part.Result.Loss);
        return metrics;
    }
}
