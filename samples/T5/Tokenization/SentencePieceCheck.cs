using System.Globalization;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>
/// Whether the pieces of a vocabulary and its settings agree, as SentencePiece demands when it loads one, and T5 of its special ids.
/// </summary>
internal sealed class SentencePieceCheck(SentencePieceFile file)
{
    private const int Bytes = 256;

    /// <summary>The first thing that is wrong; null where nothing is.</summary>
    public string? Problem() => Pieces() ?? Unknown() ?? Special("eos", file.EosId, file.SpecialPieces.Eos)
        ?? Special("padding", file.PadId, file.SpecialPieces.Pad) ?? ByteFallback();

    private string? Pieces()
    {
        var known = new Dictionary<string, int>();
        for (var id = 0; id < file.Pieces.Count; id++)
        {
            var piece = file.Pieces[id];
            if (piece.Text.Length == 0)
                return $"piece {id} is empty.";
            if (!known.TryAdd(piece.Text, id))
                return $"piece {id} '{FilePlace.Excerpt(piece.Text)}' is piece {known[piece.Text]}, too.";
            if (!Enum.IsDefined(piece.Kind))
                return $"piece {id} '{FilePlace.Excerpt(piece.Text)}' is of the unknown kind {(int)piece.Kind}.";
            if (!float.IsFinite(piece.Score))
                return $"piece {id} '{FilePlace.Excerpt(piece.Text)}' has the score {piece.Score.ToString(CultureInfo.InvariantCulture)}.";
        }
        return null;
    }

    private string? Unknown()
    {
        var ids = Enumerable.Range(0, file.Pieces.Count).Where(id => file.Pieces[id].Kind == SentencePieceKind.Unknown).Take(2).ToList();
        return ids switch
        {
            [] => "no piece stands for unknown characters.",
            [var first, var second] => $"pieces {first} and {second} both stand for unknown characters.",
            [var id] when id != file.UnknownId => $"unk_id is {file.UnknownId}, but piece {id} '{Name(id)}' stands for unknown characters.",
            _ => null,
        };
    }

    // The id of the settings and the piece of that name are one.
    private string? Special(string what, int id, string name)
    {
        var piece = file.Pieces[id];
        if (id == file.UnknownId)
            return $"the id for {what} is {id}, which stands for unknown characters.";
        if (piece.Kind != SentencePieceKind.Control)
            return $"the id for {what} is {id}, but piece {id} '{Name(id)}' is ordinary text.";
        var named = Enumerable.Range(0, file.Pieces.Count).FirstOrDefault(
            other => file.Pieces[other].Text == name && file.Pieces[other].Kind == SentencePieceKind.Control, id);
        return named == id ? null : $"the id for {what} is {id}, but its piece '{FilePlace.Excerpt(name)}' has the id {named}.";
    }

    private string? ByteFallback()
    {
        var values = new HashSet<byte>();
        foreach (var piece in file.Pieces.Where(piece => piece.Kind == SentencePieceKind.Byte))
        {
            if (ByteOf(piece.Text) is not { } value)
                return $"the byte piece '{FilePlace.Excerpt(piece.Text)}' is not of the form <0x1F>.";
            values.Add(value);
        }
        return file.ByteFallback && values.Count < Bytes ? $"byte_fallback is set, but only {values.Count} of {Bytes} bytes have a piece." : null;
    }

    /// <summary>The byte that a piece of the form <c>&lt;0x1F&gt;</c> stands for.</summary>
    public static byte? ByteOf(string piece) =>
        piece is ['<', '0', 'x', _, _, '>']
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;

    private string Name(int id) => FilePlace.Excerpt(file.Pieces[id].Text);
}
