namespace SamSharp.Samples.T5.Metrics;

/// <summary>Whether two phrases name the same thing, in the way that T5 is scored on WSC.</summary>
/// <remarks>The rule of the public T5 code's <c>postprocessors.wsc_simple</c>.</remarks>
public static class ReferentMatch
{
    private static readonly HashSet<string> Determiners =
    [
        "a", "an", "few", "her", "his", "each", "every", "many", "much", "my", "our", "some", "that", "the", "their", "these", "this",
        "those", "which", "whose", "your",
    ];

    /// <summary>
    /// True if, without case and determiners, all words of one are words of the other, and both or neither hold an apostrophe ("Bob"
    /// is not "Bob's hat"); null if nothing is left of the prediction, which then counts as wrong whatever the label.
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
