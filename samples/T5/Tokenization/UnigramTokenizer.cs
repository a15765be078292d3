using System.Text;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>A SentencePiece Unigram tokenizer that gives the ids of the reference implementation.</summary>
internal sealed class UnigramTokenizer
{
    private readonly SentencePieceFile _file;
    private readonly SentencePiece[] _pieces;
    private readonly TextNormalizer _normalizer;
    private readonly UnigramSegmenter _segmenter;
    private readonly Dictionary<byte, int> _byteIds = [];
    private readonly Dictionary<int, byte> _bytes = [];

    /// <param name="file">The vocabulary.</param>
    /// <param name="more">Pieces after its own, which no text encodes to but which can be decoded.</param>
    /// <exception cref="InvalidDataException">Its rules for characters are damaged.</exception>
    public UnigramTokenizer(SentencePieceFile file, params IEnumerable<string> more)
    {
        _file = file;
        _pieces = [.. file.Pieces, .. more.Select(text => new SentencePiece(text, 0, SentencePieceKind.UserDefined))];
        _segmenter = new(file);
        try
        {
            _normalizer = new(file.Normalization,
                file.Pieces.Where(piece => piece.Kind == SentencePieceKind.UserDefined).Select(piece => piece.Text));
        }
        catch (InvalidDataException error)
        {
            throw file.Refused(error.Message, error);
        }
        for (var id = 0; id < file.Pieces.Count; id++)
        {
            if (file.Pieces[id].Kind == SentencePieceKind.Byte && SentencePieceCheck.ByteOf(file.Pieces[id].Text) is { } value)
            {
                _byteIds[value] = id;
                _bytes[id] = value;
            }
        }
    }

    /// <summary>Number of ids.</summary>
    public int Size => _pieces.Length;

    /// <summary>The ids of a text.</summary>
    /// <exception cref="InvalidDataException">The vocabulary's rules for characters are damaged.</exception>
    public List<int> Encode(string text) => [.. Ids(text)];

    /// <summary>The same one by one; of a long text no more is cut than is asked for.</summary>
    public IEnumerable<int> Ids(string text)
    {
        var afterUnknown = false;
        foreach (var (id, unknown) in _segmenter.Segment(Normalized(text)))
        {
            var isUnknown = id == _file.UnknownId;
            if (isUnknown && _file.ByteFallback)
            {
                foreach (var value in Encoding.UTF8.GetBytes(unknown))
                    yield return _byteIds[value];
            }
            else if (!isUnknown || !afterUnknown)
            {
                yield return id;
            }
            afterUnknown = isUnknown;
        }
    }

    public string Decode(IEnumerable<int> ids)
    {
        var text = new StringBuilder();
        List<byte> spelled = [];
        // A space at the beginning is what encoding added.
        var settings = _file.Normalization;
        var dropsSpace = settings.AddDummyPrefix || settings.RemoveExtraWhitespace;
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
            {
                text.Append(_file.UnknownSurface);
            }
            else if (piece.Kind != SentencePieceKind.Control)
            {
                var isFirst = dropsSpace && text.Length == 0 && piece.Text.StartsWith(TextNormalizer.Space);
                text.Append(piece.Text.AsSpan(isFirst ? 1 : 0));
                dropsSpace &= !isFirst || settings.RemoveExtraWhitespace;
            }
        }
        AppendSpelled();
        return text.Replace(TextNormalizer.Space, ' ').ToString();

        void AppendSpelled()
        {
            text.Append(Encoding.UTF8.GetString([.. spelled]));
            spelled.Clear();
        }
    }

    private IEnumerable<string> Normalized(string text)
    {
        using var parts = _normalizer.Normalize(text).GetEnumerator();
        while (true)
        {
            try
            {
                if (!parts.MoveNext())
                    yield break;
            }
            catch (InvalidDataException error)
            {
                throw _file.Refused(error.Message, error);
            }
            yield return parts.Current;
        }
    }
}
