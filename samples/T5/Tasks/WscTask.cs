using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// SuperGLUE's WSC: what a pronoun refers to. T5 reads the text with the pronoun between stars and writes the noun. It trains only on
/// rows with the right noun; evaluation compares its noun with the row's. Score: accuracy of that yes or no.
/// </summary>
/// <remarks>Form: the public T5 code's <c>preprocessors.wsc_simple</c> and <c>postprocessors.wsc_simple</c>.</remarks>
public sealed partial class WscTask() : FileTask("wsc")
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => ["accuracy"];

    /// <inheritdoc/>
    protected override IEnumerable<TaskExample> Form(DataRow row, Split split)
    {
        var spans = row.Has("target") ? row.Json("target") : null;
        var corefers = row.Text("label") switch
        {
            "true" or "True" or "1" => true,
            "false" or "False" or "0" => false,
            var label => throw row.Error("label", $"a label is true or false, 1 or 0, not '{FilePlace.Excerpt(label)}'."),
        };
        if (split == Split.Train && !corefers)
            return [];
        var referent = Spaces().Replace(Text("span1_text"), " ").Trim();
        return [new ReferentExample($"wsc: {MarkPronoun(row, Text("span2_text"), Index("span2_index"))}", referent, corefers)];

        string Text(string name) => spans is null ? row.Text(name) : spans[name].Text();
        int Index(string name) => spans is null ? row.WholeNumber(name) : spans[name].WholeNumber();
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        var rows = examples.Cast<ReferentExample>().ToList();
        Paired.Check(predictions, rows);
        var right = predictions.Zip(rows).Count(pair => ReferentMatch.Of(pair.First, pair.Second.Target) == pair.Second.Corefers);
        return new Dictionary<string, double> { ["accuracy"] = right / (double)rows.Count };
    }

    // In a few rows the index is off by one, or punctuation is attached to the pronoun and must be separated.
    private static string MarkPronoun(DataRow row, string pronoun, int index)
    {
        var words = row.Text("text").Split(' ');
        foreach (var place in new[] { index, index + 1L, index - 1L })
        {
            if (place < 0 || place >= words.Length || !words[place].StartsWith(pronoun, StringComparison.Ordinal))
                continue;
            var rest = words[place][pronoun.Length..];
            if (rest.Any(char.IsLetterOrDigit))
                continue;
            words[place] = rest.Length == 0 ? $"*{pronoun}*" : $"*{pronoun}* {rest}";
            return string.Join(' ', words).Trim();
        }
        throw row.Error("text",
            $"word {index} is not the pronoun '{FilePlace.Excerpt(pronoun)}'. Words are counted from 0 and separated by single spaces.");
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
