using System.Globalization;
using System.Text;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// Questions about a text that contains the answer, in SQuAD's format: TyDiQA's gold passage task. Scores: F1 and exact match, over
/// all rows and, with several languages, for each language.
/// </summary>
/// <remarks>Form: the public mT5 code's <c>preprocessors.xquad</c>: spaces separate punctuation, also in the answers.</remarks>
/// <param name="name">The task's name.</param>
/// <param name="language">The language to use, by the prefix of TyDiQA's ids; null: all.</param>
public sealed class ReadingTask(string name, string? language = null) : FileTask(name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => AnswerMetrics.Names;

    /// <inheritdoc/>
    protected override IEnumerable<TaskExample> Form(DataRow row, Split split)
    {
        var examples = row.Has("paragraphs") ? Article(row) : [Question(row)];
        return examples.Where(example => language is null || example.Language == language);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        var rows = examples.Cast<AnswerExample>().Zip(predictions).ToList();
        Paired.Check(predictions, examples);
        var scores = Score(rows);
        var languages = rows.GroupBy(row => row.First.Language).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        foreach (var group in languages.Count > 1 ? languages : [])
        {
            foreach (var (metric, value) in Score([.. group]))
                scores[$"{metric}_{group.Key}"] = value;
        }
        return scores;
    }

    private static Dictionary<string, double> Score(List<(AnswerExample Example, string Prediction)> rows) =>
        new(AnswerMetrics.Score([.. rows.Select(row => row.Prediction)], [.. rows.Select(row => row.Example.Answers)], AnswerText.Squad));

    // SQuAD files: articles, their paragraphs, and the questions about each.
    private static IEnumerable<AnswerExample> Article(DataRow row) =>
        from paragraph in row.Json("paragraphs").EnumerateArray()
        from question in paragraph.GetProperty("qas").EnumerateArray()
        select Example(
            question.GetProperty("id").GetString()!, question.GetProperty("question").GetString()!, paragraph.GetProperty("context").GetString()!,
            question.GetProperty("answers").EnumerateArray().Select(answer => answer.GetProperty("text").GetString()!));

    // Hub files: one row per question, with the answers' texts in a separate list.
    private static AnswerExample Question(DataRow row) => Example(
        row["id"], row["question"], row["context"], row.Json("answers").GetProperty("text").EnumerateArray().Select(text => text.GetString()!));

    private static AnswerExample Example(string id, string question, string context, IEnumerable<string> answers)
    {
        string[] padded = [.. answers.Select(PadPunctuation)];
        return new($"question: {PadPunctuation(question)} context: {PadPunctuation(context)}", padded[0], padded) { Language = id.Split('-')[0] };
    }

    /// <summary>Collapses white space, and puts spaces around everything but letters, marks, numbers and underscores.</summary>
    private static string PadPunctuation(string text)
    {
        var padded = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            padded.Append(IsWord(rune) ? rune.ToString() : $" {rune} ");
        return string.Join(' ', padded.ToString().Split([' ', '\t', '\n', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool IsWord(Rune rune) => rune.Value == '_' || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
