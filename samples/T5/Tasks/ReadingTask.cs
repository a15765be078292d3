using System.Globalization;
using System.Text;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;
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
        from paragraph in row.Json("paragraphs").Items()
        from question in paragraph["qas"].Items()
        select Example(question["id"].Label(), question["question"].Text(), paragraph["context"].Text(), question["answers"],
            [.. question["answers"].Items().Select(answer => AnswerTexts.Of(answer["text"]))]);

    // The hub's: a row for each question, the answers' texts in a list of their own.
    private static AnswerExample Question(DataRow row)
    {
        var texts = row.Json("answers")["text"];
        return Example(row.Text("id"), row.Text("question"), row.Text("context"), texts, [.. texts.Items().Select(AnswerTexts.Of)]);
    }

    private static AnswerExample Example(string id, string question, string context, JsonField list, IReadOnlyList<string> answers)
    {
        if (answers.Count == 0)
            throw list.Refused("holds no answer. Questions without one, as SQuAD 2.0 has them, are not of this task: remove them.");
        string[] padded = [.. answers.Select(PadPunctuation)];
        return new($"question: {PadPunctuation(question)} context: {PadPunctuation(context)}", padded[0], padded) { Language = id.Split('-')[0] };
    }

    /// <summary>Collapses white space, and puts spaces around everything but letters, marks, numbers and underscores.</summary>
    private static string PadPunctuation(string text)
    {
        var padded = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsWord(rune))
                padded.Append(rune);
            else
                padded.Append(' ').Append(rune).Append(' ');
        }
        return string.Join(' ', padded.ToString().Split([' ', '\t', '\n', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool IsWord(Rune rune) => rune.Value == '_' || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
