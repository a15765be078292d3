using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>A SentencePiece Unigram tokenizer that produces the reference implementation's ids.</summary>
/// <remarks>
/// Microsoft.ML.Tokenizers normalizes the text. Its segmentation is not used because its ids can differ from the reference's: it
/// returns one id for each of several neighboring unknown characters, wrong ids for byte pieces, and breaks ties differently (see
/// <see cref="UnigramSegmenter"/>). It also keeps control characters that the nmt rules delete.
/// </remarks>
internal sealed class UnigramTokenizer
{
    private const char Space = '\u2581';

    private readonly SentencePieceFile _file;
    private readonly SentencePiece[] _pieces;
    private readonly SentencePieceTokenizer _library;
    private readonly UnigramSegmenter _segmenter;
    private readonly Dictionary<byte, int> _byteIds = [];
    private readonly Dictionary<int, byte> _bytes = [];

    /// <param name="file">The vocabulary.</param>
    /// <param name="more">Additional pieces that can be decoded but are never produced by encoding.</param>
    public UnigramTokenizer(SentencePieceFile file, params IEnumerable<string> more)
    {
        _file = file;
        _pieces = [.. file.Pieces, .. more.Select(text => new SentencePiece(text, 0, SentencePieceKind.UserDefined))];
        _segmenter = new(file);
        using var stream = new MemoryStream(file.ForLibrary());
        _library = SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
        for (var id = 0; id < file.Pieces.Count; id++)
        {
            if (file.Pieces[id] is { Kind: SentencePieceKind.Byte, Text: var text })
            {
                var value = byte.Parse(text.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture); // <0x1F>
                _byteIds[value] = id;
                _bytes[id] = value;
            }
        }
    }

    /// <summary>Number of ids.</summary>
    public int Size => _pieces.Length;

    public List<int> Encode(string text)
    {
        var normalized = Normalize(text);
        List<int> ids = [];
        foreach (var (id, span) in _segmenter.Segment(normalized))
        {
            if (id != _file.UnknownId)
                ids.Add(id);
            else if (_file.ByteFallback)
                ids.AddRange(Encoding.UTF8.GetBytes(normalized[span]).Select(value => _byteIds[value]));
            else if (ids.Count == 0 || ids[^1] != id)
                ids.Add(id);
        }
        return ids;
    }

    public string Decode(IEnumerable<int> ids)
    {
        var text = new StringBuilder();
        List<byte> spelled = [];
        foreach (var id in ids)
        {
            if (_bytes.TryGetValue(id, out var value))
            {
                spelled.Add(value);
                continue;
            }
            AppendSpelled();
            var piece = id < _pieces.Length ? _pieces[id] : new("", 0, SentencePieceKind.Unknown);
            if (piece.Kind == SentencePieceKind.Unknown)
                text.Append(" \u2047 ");
            else if (piece.Kind != SentencePieceKind.Control)
                text.Append(text.Length == 0 && piece.Text.StartsWith(Space) ? piece.Text.AsSpan(1) : piece.Text);
        }
        AppendSpelled();
        return text.Replace(Space, ' ').ToString();

        void AppendSpelled()
        {
            text.Append(Encoding.UTF8.GetString([.. spelled]));
            spelled.Clear();
        }
    }

    private string Normalize(string text)
    {
        _library.EncodeToTokens(Clean(text), out var normalized, addBeginningOfSentence: false, addEndOfSentence: false);
        return normalized ?? "";
    }

    /// <summary>Removes what the nmt rules delete (the library keeps it), and replaces lone surrogates by U+FFFD.</summary>
    private string Clean(string text)
    {
        var deletes = _file.Normalizer.StartsWith("nmt", StringComparison.Ordinal);
        if (!text.Any(character => char.IsControl(character) || char.IsSurrogate(character)))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!deletes || !IsDeleted(rune.Value))
                clean.Append(rune);
        }
        return clean.ToString();
    }

    private static bool IsDeleted(int character) =>
        character is (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F;
}
