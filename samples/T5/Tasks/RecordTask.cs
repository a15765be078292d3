using System.Text.Json;
using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Data;
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
        var text = passage.GetProperty("text").GetString()!;
        var entities = passage.GetProperty("entities").EnumerateArray()
            .Select(entity => text[entity.GetProperty("start").GetInt32()..(entity.GetProperty("end").GetInt32() + 1)]).ToList();
        return row.Json("qas").EnumerateArray().Select(query => Example(
            text, query.GetProperty("query").GetString()!, entities, Texts(query.GetProperty("answers"), answer => answer.GetProperty("text"))));
    }

    // Hub files: one row per query, with the entities' texts.
    private static AnswerExample Query(DataRow row) => Example(
        row["passage"], row["query"], Texts(row.Json("entities"), text => text), Texts(row.Json("answers"), text => text));

    private static AnswerExample Example(string passage, string query, IEnumerable<string> entities, IEnumerable<string> answers)
    {
        // Highlights become separate sentences.
        var text = Highlight().Replace(EndedHighlight().Replace(passage, "$1 "), ". ");
        return new($"record query: {query} entities: {string.Join(", ", InOrder(entities))} passage: {text}", "", [.. InOrder(answers)]);
    }

    private static IEnumerable<string> InOrder(IEnumerable<string> texts) => texts.Distinct().Order(StringComparer.Ordinal);

    private static IEnumerable<string> Texts(JsonElement list, Func<JsonElement, JsonElement> text) =>
        list.EnumerateArray().Select(item => text(item).GetString()!);

    [GeneratedRegex("""([.?!"'])\n@highlight\n""")]
    private static partial Regex EndedHighlight();

    [GeneratedRegex(@"\n@highlight\n")]
    private static partial Regex Highlight();
}
