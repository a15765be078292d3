using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>Plain lines whose label is the file's extension or precedes the text; the columns are <c>label</c> and <c>sentence</c>.</summary>
internal static class LabelledLines
{
    /// <summary>One file for each label, its extension: <c>custrev.pos</c> and <c>custrev.neg</c>.</summary>
    public static IEnumerable<DataRow> ByFile(string path, Action<string>? notice) =>
        TextFile.Lines(path, notice).Select(line => Row(path, line.Number, Path.GetExtension(path).TrimStart('.'), line.Text));

    /// <summary>
    /// The label, the first white space, the text: TREC's <c>NUM:dist How far is it ?</c>, the SMS collection's <c>ham&lt;tab&gt;Ok</c>.
    /// </summary>
    public static IEnumerable<DataRow> BySpace(string path, Action<string>? notice) => TextFile.Lines(path, notice).Select(line =>
    {
        var end = line.Text.AsSpan().IndexOfAny(' ', '\t');
        return end > 0
            ? Row(path, line.Number, line.Text[..end], line.Text[(end + 1)..])
            : throw new FilePlace(path, $"line {line.Number}")
                .Data($"expected a label, a space or tab, and a text, not '{FilePlace.Excerpt(line.Text)}'.");
    });

    private static DataRow Row(string path, int number, string label, string text) =>
        new(path, number, new Dictionary<string, string> { ["label"] = label, ["sentence"] = text });
}
