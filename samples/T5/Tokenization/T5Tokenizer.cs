namespace SamSharp.Samples.T5.Tokenization;

/// <summary>T5's vocabulary: SentencePiece's pieces, then the 100 sentinels that mark the spans of pre-training.</summary>
/// <remarks>
/// Encodes like SentencePiece: a literal <c>&lt;/s&gt;</c> or <c>&lt;extra_id_0&gt;</c> in the input is ordinary text.
/// Instances are thread-safe.
/// </remarks>
public sealed class T5Tokenizer
{
    /// <summary>Number of sentinels.</summary>
    public const int SentinelCount = 100;

    private readonly UnigramTokenizer _pieces;

    private T5Tokenizer(SentencePieceFile file)
    {
        // mT5's file contains its sentinels, with number 0 last; T5's does not.
        var included = file.Pieces[^1].Text.EndsWith("<extra_id_0>", StringComparison.Ordinal);
        _pieces = new(file, Enumerable.Range(0, included ? 0 : SentinelCount).Reverse().Select(number => $"<extra_id_{number}>"));
        PadId = file.PadId;
        EosId = file.EosId;
        UnknownId = file.UnknownId;
        Path = file.Path;
    }

    public int PadId { get; }

    public int EosId { get; }

    public int UnknownId { get; }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Pieces and sentinels; a model's embedding may have more rows, filled up to a round number.</summary>
    public int VocabularySize => _pieces.Size;

    /// <summary>Reads T5's <c>spiece.model</c>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a SentencePiece Unigram vocabulary with ids for padding and eos.</exception>
    public static T5Tokenizer Load(string spieceModelPath)
    {
        var file = SentencePieceFile.Load(spieceModelPath);
        if (file.PadId < 0 || file.EosId < 0)
        {
            throw new InvalidDataException(
                $"'{spieceModelPath}' has no id for {(file.PadId < 0 ? "padding" : "eos")}, and T5 needs one: " +
                "train it with --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1.");
        }
        file.RequireUsable();
        var tokenizer = new T5Tokenizer(file);
        tokenizer.Compare(file, new TokenizerSettings(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(spieceModelPath))!));
        return tokenizer;
    }

    /// <summary>What the files beside the vocabulary say is what it says, or is refused.</summary>
    private void Compare(SentencePieceFile file, TokenizerSettings settings)
    {
        settings.RequireToken("pad_token", file.Pieces[PadId].Text);
        settings.RequireToken("eos_token", file.Pieces[EosId].Text);
        settings.RequireToken("unk_token", file.Pieces[UnknownId].Text);
        var added = VocabularySize - file.Pieces.Count;
        if (settings.Number("extra_ids") is { } count && count != added && count != SentinelCount)
            throw settings.Refused("extra_ids", $"is {count}; only {SentinelCount} is supported.");
        settings.RequireKnown(id => id < 0 || id >= VocabularySize ? null
            : id < file.Pieces.Count ? file.Pieces[id].Text : $"<extra_id_{VocabularySize - 1 - id}>");
    }

    /// <summary>The ids of a text, without eos.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _pieces.Encode(text);
    }

    /// <summary>The ids of a text and eos; the text is cut to keep at most <paramref name="maxLength"/> ids.</summary>
    public int[] EncodeWithEos(string text, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        ArgumentNullException.ThrowIfNull(text);
        return [.. _pieces.Ids(text).Take(maxLength - 1), EosId];
    }

    /// <summary>
    /// The text of some ids, padding and eos left out; an unknown id is the vocabulary's mark for it, by default ' ⁇ '. Where the vocabulary's
    /// unknown id is 0, one 0 at the beginning is left out: models such as MADLAD-400 start decoding with it.
    /// </summary>
    /// <param name="ids">Ids from 0 on; those past the vocabulary, which a model's spare rows can give, are unknown.</param>
    /// <param name="showSentinels">Whether sentinels are written, as <c>&lt;extra_id_0&gt;</c>, or left out.</param>
    public string Decode(IEnumerable<int> ids, bool showSentinels = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return DecodeAll(UnknownId == 0 ? ids.Where((id, i) => i > 0 || id != 0) : ids, showSentinels);
    }

    /// <summary>The text of what a model generated: the start token, which is no part of it, and the ids after that.</summary>
    public string DecodeGenerated(IEnumerable<int> row) => DecodeAll(row.Skip(1), showSentinels: false);

    private string DecodeAll(IEnumerable<int> ids, bool showSentinels) => _pieces.Decode(ids.Where(id =>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
        return showSentinels || VocabularySize - 1 - id is < 0 or >= SentinelCount;
    }));

    /// <summary>The id of <c>&lt;extra_id_number&gt;</c>; they count down from the vocabulary's end.</summary>
    public int SentinelId(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, SentinelCount);
        return VocabularySize - 1 - number;
    }
}
