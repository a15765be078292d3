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
        foreach (var question in passage["questions"].Items())
        {
            foreach (var answer in question["answers"].Items())
            {
                yield return Example(question["question"].Text(), answer["text"].Text(), passage["text"].Text(),
                    Word(answer["label"].WholeNumber(), problem => answer["label"].Refused(problem)), $"{row.Text("idx")}/{question["idx"].Label()}");
            }
        }
    }

    // Hub files: one row per answer.
    private static ChoiceExample Answer(DataRow row)
    {
        var index = row.Json("idx");
        return Example(row.Text("question"), row.Text("answer"), row.Text("paragraph"),
            Word(row.WholeNumber("label"), problem => row.Error("label", $"it {problem}")),
            $"{index["paragraph"].Label()}/{index["question"].Label()}");
    }

    private static string Word(int label, Func<string, Exception> refusal) =>
        label is 0 or 1 ? Words[label] : throw refusal($"is {label}, but a label is 0 or 1.");

    private static ChoiceExample Example(string question, string answer, string paragraph, string word, string group)
    {
        var input = Clean($"multirc question: {question} answer: {answer} paragraph: {paragraph}");
        return new(input, word, group) { Texts = [Clean($"{question} {answer}"), Clean(paragraph)] };
    }

    private static string Clean(string text) => text
        .Replace("<br>", " ", StringComparison.Ordinal).Replace("<b>", "", StringComparison.Ordinal).Replace("</b>", "", StringComparison.Ordinal);
}
