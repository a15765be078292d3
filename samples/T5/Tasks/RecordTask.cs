using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// SuperGLUE's ReCoRD: which of a passage's entities fills the gap in a sentence about it. A training row gives one example per
/// right entity, a validation row a single one. Scores: F1 and exact match, the best over the right entities (Zhang et al., 2018).
/// </summary>
/// <remarks>Form: the public T5 code's <c>preprocessors.record</c>; entities and answers are distinct and sorted by code point.</remarks>
public sealed partial class RecordTask() : FileTask("record")
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => AnswerMetrics.Names;

    /// <inheritdoc/>
    protected override IEnumerable<TaskExample> Form(DataRow row, Split split) =>
        from query in row.Has("qas") ? Passage(row) : [Query(row)]
        from target in split == Split.Train ? query.Answers : query.Answers.Take(1)
        select query with { Target = target };

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples) =>
        AnswerMetrics.Score(predictions, [.. examples.Cast<AnswerExample>().Select(example => example.Answers)], AnswerText.Squad);

    // Original files: a passage with the positions of its entities (end included), and several queries.
    private static IEnumerable<AnswerExample> Passage(DataRow row)
    {
        var passage = row.Json("passage");
        var text = new CodePoints(passage["text"].Text());
        var entities = passage["entities"].Items().Select(entity => Entity(entity, text)).ToList();
        return row.Json("qas").Items().Select(query => Example(text.Text, query["query"].Text(), entities, Answers(query, answer => answer["text"])));
    }

    private static string Entity(JsonField entity, CodePoints text)
    {
        var (start, end) = (entity["start"].WholeNumber(), entity["end"].WholeNumber());
        return start >= 0 && start <= end && end < text.Count
            ? text.Slice(start, end + 1)
            : throw entity.Refused($"reaches from character {start} to {end}, but the text has {text.Count}.");
    }

    // The hub's: a row for each query, with the entities themselves.
    private static AnswerExample Query(DataRow row) => Example(row.Text("passage"), row.Text("query"),
        row.Json("entities").Items().Select(entity => entity.Text()),
        [.. row.Json("answers").Items().Select(AnswerTexts.Of)]);

    private static List<string> Answers(JsonField query, Func<JsonField, JsonField> text)
    {
        var answers = query["answers"];
        List<string> texts = [.. answers.Items().Select(answer => AnswerTexts.Of(text(answer)))];
        return texts.Count > 0 ? texts : throw answers.Refused("holds no answer.");
    }

    private static AnswerExample Example(string passage, string query, IEnumerable<string> entities, IEnumerable<string> answers)
    {
        // Highlights become separate sentences.
        var text = Highlight().Replace(EndedHighlight().Replace(passage, "$1 "), ". ");
        return new($"record query: {query} entities: {string.Join(", ", InOrder(entities))} passage: {text}", "", [.. InOrder(answers)]);
    }

    private static IEnumerable<string> InOrder(IEnumerable<string> texts) => texts.Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex("""([.?!"'])\n@highlight\n""")]
    private static partial Regex EndedHighlight();

    [GeneratedRegex(@"\n@highlight\n")]
    private static partial Regex Highlight();
}
