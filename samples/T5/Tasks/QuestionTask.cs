using System.Text.Json;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// Closed-book question answering: the model sees only the question (Roberts, Raffel and Shazeer, 2020). The first answer is the
/// target; any of them is right.
/// </summary>
/// <remarks>Form: the public code of that paper, <c>t5_cbqa/preprocessors.py</c>.</remarks>
/// <param name="name">The task's name.</param>
/// <param name="prefix">The text before the question: <c>nq question:</c>.</param>
/// <param name="normalize">Applied to texts before they are compared; see <see cref="AnswerText"/>.</param>
public sealed class QuestionTask(string name, string prefix, Func<string, string> normalize) : FileTask(name)
{
    private const string Answer = "answers|answer|golden_answers|Answer";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => ["exact_match", "f1"];

    /// <inheritdoc/>
    protected override IEnumerable<TaskExample> Form(DataRow row, Split split)
    {
        var (target, answers) = Answers(row.Json(Answer));
        return answers.Count > 0
            ? [new AnswerExample($"{prefix} {Unquote(row["question|Question"])}", target, answers)]
            : throw row.Error(Answer, "there is no answer. Expected a list of texts, or TriviaQA's object with value and aliases.");
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        var scores = AnswerMetrics.Score(predictions, [.. examples.Cast<AnswerExample>().Select(example => example.Answers)], normalize);
        return Metrics.ToDictionary(metric => metric, metric => scores[metric]);
    }

    // A list whose first item is the target, or TriviaQA's object, whose value is the target and whose aliases also count as right.
    private static (string Target, List<string> Answers) Answers(JsonElement answer)
    {
        var list = answer.ValueKind == JsonValueKind.Object ? Property(answer, "aliases", "Aliases") : answer;
        List<string> answers = list is { ValueKind: JsonValueKind.Array } ? Texts(list.Value) : [];
        var value = answer.ValueKind == JsonValueKind.Object ? Property(answer, "value", "Value")?.GetString() : null;
        if (answers.Count == 0 && value is not null)
            answers = [value];
        return (value ?? answers.FirstOrDefault() ?? "", answers);
    }

    private static List<string> Texts(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetString()!)];

    private static JsonElement? Property(JsonElement item, params string[] names) =>
        names.Select(name => item.TryGetProperty(name, out var value) ? value : (JsonElement?)null).FirstOrDefault(value => value is not null);

    /// <summary>Removes the CSV quotes around a question, which some copies of TriviaQA contain.</summary>
    private static string Unquote(string text) =>
        text.Length > 1 && text[0] == '"' && text[^1] == '"' && !text[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"')
            ? text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
            : text;
}
