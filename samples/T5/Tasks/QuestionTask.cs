using System.Text.Json;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;
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
            ? [new AnswerExample($"{prefix} {Unquote(row.Text("question|Question"))}", target, answers)]
            : throw row.Error(Answer, "there is no answer. A list of texts is expected, or TriviaQA's object with value and aliases.");
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        var scores = AnswerMetrics.Score(predictions, [.. examples.Cast<AnswerExample>().Select(example => example.Answers)], normalize);
        return Metrics.ToDictionary(metric => metric, metric => scores[metric]);
    }

    // A list, whose first is the target; or TriviaQA's object, whose value is the target and whose aliases count as right.
    private static (string Target, List<string> Answers) Answers(JsonField answer)
    {
        var value = answer.Kind == JsonValueKind.Object ? (answer.Find("value") ?? answer.Find("Value")) : null;
        var list = answer.Kind == JsonValueKind.Object ? answer.Find("aliases") ?? answer.Find("Aliases") : answer;
        List<string> answers = list is { Kind: JsonValueKind.Array } ? [.. list.Items().Select(AnswerTexts.Of)] : [];
        var target = value is null ? null : AnswerTexts.Of(value);
        if (answers.Count == 0 && target is not null)
            answers = [target];
        return (target ?? answers.FirstOrDefault() ?? "", answers);
    }

    /// <summary>A question that carries CSV's quotes, as some copies of TriviaQA have them, without these.</summary>
    private static string Unquote(string text) =>
        text.Length > 1 && text[0] == '"' && text[^1] == '"' && !text[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"')
            ? text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
            : text;
}
