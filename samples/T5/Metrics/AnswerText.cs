using System.Text.RegularExpressions;

namespace SamSharp.Samples.T5.Metrics;

/// <summary>Normalizes answers before they are scored.</summary>
public static partial class AnswerText
{
    /// <summary>ASCII punctuation, as in Python's <c>string.punctuation</c>.</summary>
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>SQuAD's official evaluation (v1.1): lower case, no punctuation, no articles, single spaces.</summary>
    public static string Squad(string text) => Normalize(text, Punctuation, "");

    /// <summary>TriviaQA's official evaluation: like SQuAD's, but punctuation, including typographic quotes, becomes a space.</summary>
    public static string TriviaQa(string text) => Normalize(text, Punctuation + "‘’´", " ");

    private static string Normalize(string text, string punctuation, string replacement)
    {
        var plain = string.Concat(text.ToLowerInvariant().Select(character => punctuation.Contains(character) ? replacement : character.ToString()));
        return string.Join(' ', Article().Replace(plain, " ").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex(@"\b(a|an|the)\b")]
    private static partial Regex Article();
}
