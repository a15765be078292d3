using System.Text;

namespace SamSharp.Samples.T5.Files;

/// <summary>
/// A place in a file. Every error about a file's content is made here, so that all of them name the file, the line or row and the key, and
/// none repeats more of the file than a line of a message holds.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Where">The line, row or item, such as <c>line 3</c>; empty where the whole file is meant.</param>
/// <param name="Key">The column or key; empty where there is none.</param>
public sealed record FilePlace(string Path, string Where = "", string Key = "")
{
    /// <summary>Begins the message of what no reader foresees; the fuzz tests look for it.</summary>
    public const string Unforeseen = "the content cannot be read";

    private const int LongestExcerpt = 80;

    /// <summary>A fault of a data file.</summary>
    public FormatException Data(string problem, Exception? cause = null) => new($"{this}: {problem}", cause);

    /// <summary>A fault of a model's or a run's file.</summary>
    public InvalidDataException Model(string problem, Exception? cause = null) => new($"{this}: {problem}", cause);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", new[] { Path, Where, Key }.Where(part => part.Length > 0));

    /// <summary>What a message shows of a file's text: its beginning, on one line.</summary>
    public static string Excerpt(ReadOnlySpan<char> text, int longest = LongestExcerpt)
    {
        var excerpt = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (excerpt.Length >= longest)
                return excerpt.Append("...").ToString();
            excerpt.Append(Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? Rune.ReplacementChar : rune);
        }
        return excerpt.ToString();
    }

    /// <summary>The first few of many names, for a message.</summary>
    public static string Excerpt(IEnumerable<string> names, int count = 8)
    {
        var shown = names.Take(count + 1).Select(name => Excerpt(name, 2 * LongestExcerpt)).ToList();
        return string.Join(", ", shown.Count > count ? shown.SkipLast(1).Append("and more") : shown);
    }

    /// <summary>
    /// Whether an exception is the runtime's or libtorch's and says nothing of the file that caused it. Those of the file system name their path.
    /// </summary>
    public static bool IsForeign(Exception exception) =>
        exception is not (IOException or UnauthorizedAccessException or FormatException or InvalidDataException or OperationCanceledException);
}
