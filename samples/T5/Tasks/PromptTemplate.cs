using System.Text.RegularExpressions;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>How a row becomes the text that T5 reads: <c>rte sentence1: {sentence1} sentence2: {sentence2}</c>.</summary>
internal sealed partial class PromptTemplate(string template)
{
    public string Fill(DataRow row) => Column().Replace(template, match => row[match.Groups[1].Value]);

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Column();
}
