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

    private readonly IReadOnlyList<SentencePiece> _pieces;
    private readonly int _unknownId;
    private readonly float _unknownScore;
    private readonly float _bestScore;
    private readonly PieceTrie _ids = new();

    public UnigramSegmenter(SentencePieceFile file)
    {
        (_pieces, _unknownId) = (file.Pieces, file.UnknownId);
        var scores = file.Pieces.Where(piece => piece.Kind == SentencePieceKind.Normal).Select(piece => piece.Score).DefaultIfEmpty();
        (_unknownScore, _bestScore) = (scores.Min() - UnknownPenalty, scores.Max());
        for (var id = 0; id < _pieces.Count; id++)
        {
            if (_pieces[id] is { Kind: SentencePieceKind.Normal or SentencePieceKind.UserDefined, Text: var text })
                _ids.Add(text, id);
        }
    }

    /// <summary>The ids; every character that is in no piece is an unknown one, which comes with its text.</summary>
    /// <param name="parts">The text. Its beginning is cut, and forgotten, as soon as nothing that follows can change how.</param>
    public IEnumerable<(int Id, string Text)> Segment(IEnumerable<string> parts)
    {
        var window = new Window(this);
        foreach (var part in parts)
        {
            window.Append(part);
            foreach (var piece in window.TakeSettled())
                yield return piece;
        }
        foreach (var piece in window.TakeRest())
            yield return piece;
    }

    /// <summary>User-defined pieces get a score that always wins.</summary>
    private double Score(int id) => _pieces[id].Kind == SentencePieceKind.UserDefined
        ? Encoding.UTF8.GetByteCount(_pieces[id].Text) * _bestScore - 0.1
        : _pieces[id].Score;

    private readonly record struct Step(bool Reached, int Start, int Id, float Score);

    /// <summary>The part of the text whose cut is still open.</summary>
    private sealed class Window(UnigramSegmenter owner)
    {
        private char[] _text = new char[1 << 13];
        private Step[] _best = new Step[(1 << 13) + 1];
        private int _length;
        private int _next;
        private int _enough;

        public void Append(string part)
        {
            if (_length + part.Length > _text.Length)
            {
                Array.Resize(ref _text, Math.Max(2 * _text.Length, _length + part.Length));
                Array.Resize(ref _best, _text.Length + 1);
            }
            part.CopyTo(_text.AsSpan(_length));
            _length += part.Length;
        }

        /// <summary>The pieces up to where all ways through what follows agree.</summary>
        public List<(int Id, string Text)> TakeSettled()
        {
            Advance(_length - owner._ids.Longest - 1);
            if (_next <= _enough)
                return [];
            var open = new SortedSet<int> { _next };
            for (var end = _next + 1; end <= Math.Min(_length, _next + owner._ids.Longest); end++)
            {
                if (_best[end].Reached)
                    open.Add(end);
            }
            while (open.Count > 1)
            {
                var last = open.Max;
                open.Remove(last);
                open.Add(_best[last].Start);
            }
            var settled = Take(open.Min);
            // Where they do not agree for long, it is not asked at every part.
            _enough = 2 * _next;
            return settled;
        }

        public List<(int Id, string Text)> TakeRest()
        {
            Advance(_length);
            return Take(_length);
        }

        private void Advance(int until)
        {
            while (_next < until)
            {
                var start = _next;
                var text = _text.AsSpan(start.._length);
                Rune.DecodeFromUtf16(text, out _, out var width);
                var known = false;
                var node = 0;
                for (var i = 0; i < text.Length; i++)
                {
                    node = owner._ids.Child(node, text[i]);
                    if (node == PieceTrie.None)
                        break;
                    if (owner._ids.Value(node) is not PieceTrie.None and var id)
                    {
                        known |= i + 1 == width;
                        Improve(start + i + 1, start, id, owner.Score(id) + _best[start].Score);
                    }
                }
                if (!known)
                    Improve(start + width, start, owner._unknownId, owner._unknownScore + _best[start].Score);
                _next += width;
            }
        }

        private void Improve(int end, int start, int id, double score)
        {
            if (!_best[end].Reached || score > _best[end].Score)
                _best[end] = new(true, start, id, (float)score);
        }

        private List<(int Id, string Text)> Take(int count)
        {
            List<(int, string)> path = [];
            for (var end = count; end > 0; end = _best[end].Start)
                path.Add((_best[end].Id, _best[end].Id == owner._unknownId ? _text.AsSpan(_best[end].Start..end).ToString() : ""));
            path.Reverse();
            _text.AsSpan(count.._length).CopyTo(_text);
            for (var end = count; end <= _length; end++)
                _best[end - count] = _best[end] with { Start = _best[end].Start - count };
            _best.AsSpan((_length - count + 1)..(_length + 1)).Clear();
            (_length, _next) = (_length - count, _next - count);
            return path;
        }
    }
}
