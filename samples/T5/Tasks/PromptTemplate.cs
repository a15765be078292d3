using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Data;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>Turns a row into the text that T5 reads: <c>rte sentence1: {sentence1} sentence2: {sentence2}</c>.</summary>
internal sealed partial class PromptTemplate(string template)
{
    public string Fill(DataRow row, Func<string, string> clean) => Column().Replace(template, match => clean(row.Text(match.Groups[1].Value)));

    /// <summary>The columns' texts alone, in the template's order.</summary>
    public IReadOnlyList<string> Texts(DataRow row, Func<string, string> clean) =>
        [.. Column().Matches(template).Select(match => clean(row.Text(match.Groups[1].Value)))];

    /// <summary>Whether all columns are white space.</summary>
    public bool IsEmpty(DataRow row) => Column().Matches(template).All(match => string.IsNullOrWhiteSpace(row.Text(match.Groups[1].Value)));

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Column();
}
