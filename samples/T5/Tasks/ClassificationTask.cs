using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>A task whose target is one of a few label words.</summary>
/// <param name="name">The task's name.</param>
/// <param name="prompt">The input, with columns in braces.</param>
/// <param name="labels">
/// The labels in the files (<c>entailment|0</c> for alternatives), each with T5's word for it; the last is the positive one.
/// Empty: the labels in the files are the words.
/// </param>
public sealed class ClassificationTask(string name, string prompt, params IReadOnlyList<(string Label, string Word)> labels)
    : TableTask(name, prompt)
{
    private readonly Dictionary<string, string> _words =
        labels.SelectMany(label => label.Label.Split('|').Select(text => (text, label.Word))).ToDictionary();

    /// <summary>The scores to compute, the main one first.</summary>
    public IReadOnlyList<ClassificationScore> Scores { get; init; } = [ClassificationScore.Accuracy];

    /// <summary>Extracts the part of a label to use, such as TREC's coarse class before the colon; default: all of it.</summary>
    public Func<string, string> LabelPart { get; init; } = label => label;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => [.. Scores.Select(score => score.Name)];

    /// <inheritdoc/>
    protected override string ToTarget(string? label, Func<string, FormatException> refusal)
    {
        label = label is null ? null : LabelPart(label);
        if (_words.Count == 0)
            return label is { Length: > 0 } ? label : throw refusal("A label is missing.");
        return label is not null && _words.TryGetValue(label, out var word)
            ? word
            : throw refusal($"The labels of task '{Name}' are {string.Join(", ", _words.Keys)}.");
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(
        IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        string[] predicted = [.. predictions.Select(prediction => prediction.Trim())];
        string[] targets = [.. examples.Select(example => example.Target)];
        string[] words = [.. _words.Count > 0 ? _words.Values.Distinct() : targets.Distinct()];
        return Scores.ToDictionary(score => score.Name, score => score.Of(predicted, targets, words));
    }
}
