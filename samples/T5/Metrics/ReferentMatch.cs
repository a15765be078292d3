namespace SamSharp.Samples.T5.Metrics;

/// <summary>Decides whether two phrases name the same thing, as T5 is scored on WSC.</summary>
/// <remarks>The rule of the public T5 code's <c>postprocessors.wsc_simple</c>.</remarks>
public static class ReferentMatch
{
    private static readonly HashSet<string> Determiners =
    [
        "a", "an", "few", "her", "his", "each", "every", "many", "much", "my", "our", "some", "that", "the", "their", "these", "this",
        "those", "which", "whose", "your",
    ];

    /// <summary>
    /// True if, ignoring case and determiners, all words of one are words of the other, and both or neither contain an apostrophe
    /// ("Bob" is not "Bob's hat"); null if nothing is left of the prediction, which then counts as wrong for either label.
    /// </summary>
    public static bool? Of(string prediction, string referent)
    {
        var (predicted, expected) = (Words(prediction), Words(referent));
        if (predicted.Count == 0)
            return null;
        return expected.Count > 0 && prediction.Contains('\'') == referent.Contains('\'') &&
            (predicted.IsSubsetOf(expected) || expected.IsSubsetOf(predicted));
    }

    private static HashSet<string> Words(string text) =>
        [.. text.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(word => !Determiners.Contains(word))];
}
