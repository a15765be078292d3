using System.Text;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>Splits a normalized text into the pieces with the highest total score (Viterbi), rounding as the reference does.</summary>
/// <remarks>
/// In repetitive text such as "zzzzzzzzz" several splits have the same total, and rounding decides. The reference implementation
/// sums in single precision and compares in double precision; doing the same gives equal ids in such texts, too.
/// </remarks>
internal sealed class UnigramSegmenter
{
    private const float UnknownPenalty = 10;
    private const int NoPiece = -1;

    private readonly IReadOnlyList<SentencePiece> _pieces;
    private readonly int _unknownId;
    private readonly float _unknownScore;
    private readonly float _bestScore;

    /// <summary>Maps each piece to its id, and each proper prefix of a piece to none.</summary>
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;

    public UnigramSegmenter(SentencePieceFile file)
    {
        (_pieces, _unknownId) = (file.Pieces, file.UnknownId);
        var scores = file.Pieces.Where(piece => piece.Kind == SentencePieceKind.Normal).Select(piece => piece.Score).DefaultIfEmpty();
        (_unknownScore, _bestScore) = (scores.Min() - UnknownPenalty, scores.Max());

        Dictionary<string, int> ids = [];
        for (var id = 0; id < _pieces.Count; id++)
        {
            if (_pieces[id] is not { Kind: SentencePieceKind.Normal or SentencePieceKind.UserDefined, Text: var text })
                continue;
            for (var length = 1; length < text.Length; length++)
                ids.TryAdd(text[..length], NoPiece);
            ids[text] = id;
        }
        _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The ids, each with the text it covers; a character that no piece contains is unknown.</summary>
    public List<(int Id, Range Span)> Segment(ReadOnlySpan<char> text)
    {
        var best = new Step[text.Length + 1];
        for (int start = 0, width; start < text.Length; start += width)
        {
            Rune.DecodeFromUtf16(text[start..], out _, out width);
            var known = false;
            for (var end = start + 1; end <= text.Length && _ids.TryGetValue(text[start..end], out var id); end++)
            {
                if (id == NoPiece)
                    continue;
                known |= end == start + width;
                Improve(end, start, id, Score(id) + best[start].Score);
            }
            if (!known)
                Improve(start + width, start, _unknownId, _unknownScore + best[start].Score);
        }

        List<(int, Range)> path = [];
        for (var end = text.Length; end > 0; end = best[end].Start)
            path.Add((best[end].Id, best[end].Start..end));
        path.Reverse();
        return path;

        void Improve(int end, int start, int id, double score)
        {
            if (!best[end].Reached || score > best[end].Score)
                best[end] = new(true, start, id, (float)score);
        }
    }

    /// <summary>User-defined pieces get a score that always wins.</summary>
    private double Score(int id) => _pieces[id].Kind == SentencePieceKind.UserDefined
        ? Encoding.UTF8.GetByteCount(_pieces[id].Text) * _bestScore - 0.1
        : _pieces[id].Score;

    private readonly record struct Step(bool Reached, int Start, int Id, float Score);
}
