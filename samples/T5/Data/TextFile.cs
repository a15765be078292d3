using System.Text;

namespace SamSharp.Samples.T5.Data;

/// <summary>
/// Text files of data sets: UTF-8, with or without a byte order mark, or windows-1252 if the bytes are not valid UTF-8 (the
/// original SUBJ, MR and TREC). A line ends in LF or CRLF; other control characters are part of the text.
/// </summary>
internal static class TextFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string ReadAll(string path)
    {
        var bytes = File.ReadAllBytes(path);
        try
        {
            return Strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetString(bytes);
        }
    }

    /// <summary>The lines that are not empty, with their numbers from 1.</summary>
    public static IEnumerable<(int Number, string Text)> Lines(string path) => LinesOf(ReadAll(path));

    public static IEnumerable<(int Number, string Text)> LinesOf(string text) =>
        text.Split('\n').Select((line, i) => (Number: i + 1, Text: line.TrimEnd('\r'))).Where(line => line.Text.Length > 0);
}
