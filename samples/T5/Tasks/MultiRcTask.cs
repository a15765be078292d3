using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// SuperGLUE's MultiRC: whether an answer to a question about a paragraph is right. Each answer is judged separately. Scores: F1 over
/// all answers (F1a), and the share of questions with all answers judged correctly (Khashabi et al., 2018).
/// </summary>
/// <remarks>Form: the public T5 code's <c>preprocessors.glue</c> with features question, answer, paragraph; HTML is removed.</remarks>
public sealed class MultiRcTask() : FileTask("multirc")
{
    private static readonly string[] Words = ["False", "True"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => ["f1", "exact_match"];

    /// <inheritdoc/>
    protected override IEnumerable<TaskExample> Form(DataRow row, Split split) => row.Has("passage") ? Passage(row) : [Answer(row)];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        string[] predicted = [.. predictions.Select(prediction => prediction.Trim())];
        string[] targets = [.. examples.Select(example => example.Target)];
        string[] questions = [.. examples.Cast<ChoiceExample>().Select(example => example.Question)];
        return new Dictionary<string, double>
        {
            ["f1"] = ClassificationMetrics.BinaryF1(predicted, targets, Words[1], Words[0]),
            ["exact_match"] = ClassificationMetrics.GroupAccuracy(predicted, targets, questions),
        };
    }

    // Original files: a passage with its questions and their answers.
    private static IEnumerable<TaskExample> Passage(DataRow row)
    {
        var passage = row.Json("passage");
        foreach (var question in passage.GetProperty("questions").EnumerateArray())
        {
            foreach (var answer in question.GetProperty("answers").EnumerateArray())
            {
                yield return Example(
                    question.GetProperty("question").GetString()!, answer.GetProperty("text").GetString()!, passage.GetProperty("text").GetString()!,
                    answer.GetProperty("label").GetInt32(), $"{row["idx"]}/{question.GetProperty("idx")}");
            }
        }
    }

    // Hub files: one row per answer.
    private static ChoiceExample Answer(DataRow row)
    {
        var index = row.Json("idx");
        return Example(row["question"], row["answer"], row["paragraph"], row.WholeNumber("label"),
            $"{index.GetProperty("paragraph")}/{index.GetProperty("question")}");
    }

    private static ChoiceExample Example(string question, string answer, string paragraph, int label, string group)
    {
        var input = Clean($"multirc question: {question} answer: {answer} paragraph: {paragraph}");
        return new(input, Words[label], group) { Texts = [Clean($"{question} {answer}"), Clean(paragraph)] };
    }

    private static string Clean(string text) => text
        .Replace("<br>", " ", StringComparison.Ordinal).Replace("<b>", "", StringComparison.Ordinal).Replace("</b>", "", StringComparison.Ordinal);
}
