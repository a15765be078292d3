using System.Text;

namespace SamSharp.Samples.T5.Files;

/// <summary>What the first bytes of a file say about its encoding.</summary>
internal static class TextEncoding
{
    private static readonly (byte[] Mark, Encoding? Encoding)[] Marks =
    [
        ([0xFF, 0xFE, 0x00, 0x00], new UTF32Encoding(bigEndian: false, byteOrderMark: false, throwOnInvalidCharacters: true)),
        ([0x00, 0x00, 0xFE, 0xFF], new UTF32Encoding(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true)),
        ([0xEF, 0xBB, 0xBF], null),
        ([0xFF, 0xFE], new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true)),
        ([0xFE, 0xFF], new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true)),
    ];

    private static readonly (byte[] Start, string Objection)[] OtherFiles =
    [
        ([.. "version https://git-lfs.github.com/spec/"u8], "this is a pointer of Git LFS, not the file itself. Fetch it with: git lfs pull."),
        ([0x1F, 0x8B], "this is a gzip archive. Unpack it first."),
        ([0x50, 0x4B, 0x03, 0x04], "this is a zip archive or a spreadsheet. Unpack it, or save it as text in UTF-8."),
        ([.. "PAR1"u8], "this is a parquet file. Give it the extension .parquet."),
    ];

    /// <summary>Without a mark of its own.</summary>
    public static UTF8Encoding Utf8 { get; } = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Of Windows in the west, which has a character for nearly every byte.</summary>
    public static Encoding Windows { get; } = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    /// <summary>The encoding that a byte order mark names, null for UTF-8, and the mark's length, 0 where there is none.</summary>
    public static (Encoding? Encoding, int Mark) Of(ReadOnlySpan<byte> head)
    {
        foreach (var (mark, encoding) in Marks)
        {
            if (head.StartsWith(mark))
                return (encoding, mark.Length);
        }
        return (null, 0);
    }

    /// <summary>Why a file without a mark cannot be text; null where it may be.</summary>
    public static string? Objection(ReadOnlySpan<byte> head)
    {
        foreach (var (start, objection) in OtherFiles)
        {
            if (head.StartsWith(start))
                return objection;
        }
        return LooksLikeUtf16(head) ? "this looks like UTF-16 without a byte order mark. Save it as UTF-8." : null;
    }

    // Every other byte of Latin text is 0 there.
    private static bool LooksLikeUtf16(ReadOnlySpan<byte> head)
    {
        Span<int> zeros = [0, 0];
        for (var i = 0; i < head.Length; i++)
            zeros[i % 2] += head[i] == 0 ? 1 : 0;
        return head.Length >= 4 && Math.Max(zeros[0], zeros[1]) > head.Length / 5;
    }
}
