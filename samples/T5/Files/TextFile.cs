using System.Text.Unicode;

namespace SamSharp.Samples.T5.Files;

/// <summary>
/// Text files as people have them; all readers of text follow this one rule. A byte order mark decides the encoding: UTF-8, UTF-16 or UTF-32.
/// Without one a line is UTF-8, or windows-1252 where its bytes are not (the original SUBJ, MR and TREC), which is said. A line ends in LF or
/// CRLF, or in CR in a file that has no LF; other control characters belong to the text.
/// </summary>
public static class TextFile
{
    /// <summary>The lines that are not empty, with their numbers from 1.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notice">Told of the first line that is not UTF-8.</param>
    /// <exception cref="FormatException">It is no text, or not in the encoding that its mark says.</exception>
    public static IEnumerable<(int Number, string Text)> Lines(string path, Action<string>? notice = null)
    {
        using var reader = new LineReader(path, notice);
        while (reader.Read())
        {
            if (reader.Text.Length > 0)
                yield return (reader.Number, reader.Text);
        }
    }

    /// <summary>The whole text in UTF-8, without a mark, for a reader to whom ends of lines are alike.</summary>
    /// <inheritdoc cref="Lines"/>
    public static ReadOnlyMemory<byte> ReadUtf8(string path, Action<string>? notice = null)
    {
        using var reader = new LineReader(path, notice, LineReader.LongestDocument);
        if (reader.Bytes == Array.MaxLength)
            throw new FilePlace(path).Data("it is larger than 2 GB, and such a file is read as a whole.");
        if (reader.IsPlain && File.ReadAllBytes(path) is var bytes && Utf8.IsValid(bytes))
            return bytes;
        var text = new MemoryStream(reader.Bytes);
        while (reader.Read())
        {
            if (reader.Number > 1)
                text.WriteByte((byte)'\n');
            text.Write(reader.Content);
        }
        return text.GetBuffer().AsMemory(0, (int)text.Length);
    }

    /// <summary>The text as a stream of characters whose lines end in LF or CRLF.</summary>
    /// <inheritdoc cref="Lines"/>
    public static TextReader Open(string path, Action<string>? notice = null) => new LineTextReader(new LineReader(path, notice));
}
