using Microsoft.ML.Tokenizers;

namespace SamSharp.Samples.Encoders.Tokenization;

/// <summary>BERT's WordPiece, with the ids of its special tokens. Instances may be used by several threads.</summary>
public sealed class WordPieceTokenizer
{
    private readonly BertTokenizer _pieces;
    private readonly byte[] _vocabulary;

    /// <param name="vocabulary">The bytes of a <c>vocab.txt</c>: a piece a line, whose number is its id.</param>
    /// <param name="lowerCase">Whether the model was trained on lower-case text, whose accents are stripped then, as Hugging Face does it.</param>
    /// <param name="source">Where the vocabulary comes from, for messages.</param>
    /// <param name="stripAccents">Whether accents are stripped. Null (default): where case is.</param>
    /// <param name="splitChinese">Whether every Chinese character is a word. Default true.</param>
    /// <exception cref="InvalidDataException">It lacks one of BERT's special tokens.</exception>
    public WordPieceTokenizer(byte[] vocabulary, bool lowerCase, string source, bool? stripAccents = null, bool splitChinese = true)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        (_vocabulary, LowerCase, StripAccents, SplitChinese) = (vocabulary, lowerCase, stripAccents ?? lowerCase, splitChinese);
        try
        {
            using var stream = new MemoryStream(vocabulary);
            _pieces = BertTokenizer.Create(stream, new BertOptions
            {
                LowerCaseBeforeTokenization = lowerCase,
                RemoveNonSpacingMarks = StripAccents,
                IndividuallyTokenizeCjk = splitChinese,
            });
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{source} is no vocabulary of BERT: {error.Message}", error);
        }
    }

    public bool LowerCase { get; }

    /// <summary>Whether accents are stripped.</summary>
    public bool StripAccents { get; }

    /// <summary>Whether every Chinese character is a word.</summary>
    public bool SplitChinese { get; }

    public int PadId => _pieces.PaddingTokenId;

    /// <summary>The id that ends a text.</summary>
    public int SeparatorId => _pieces.SeparatorTokenId;

    /// <summary>The <c>vocab.txt</c>.</summary>
    public ReadOnlyMemory<byte> Vocabulary => _vocabulary;

    /// <summary>[CLS] text [SEP], or [CLS] text [SEP] second [SEP].</summary>
    /// <param name="text">The text, or the first of a pair.</param>
    /// <param name="second">The second of a pair, or null.</param>
    /// <param name="maxLength">Longest result in ids; the longer text is cut first, as Hugging Face does it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The special tokens alone are longer.</exception>
    public int[] Encode(string text, string? second, int maxLength)
    {
        var left = maxLength - (second is null ? 2 : 3);
        ArgumentOutOfRangeException.ThrowIfNegative(left, nameof(maxLength));
        var a = Pieces(text);
        var b = second is null ? [] : Pieces(second);
        while (a.Count + b.Count > left)
        {
            var longer = a.Count > b.Count ? a : b;
            longer.RemoveAt(longer.Count - 1);
        }
        return second is null
            ? [_pieces.ClassificationTokenId, .. a, SeparatorId]
            : [_pieces.ClassificationTokenId, .. a, SeparatorId, .. b, SeparatorId];
    }

    private List<int> Pieces(string text) => [.. _pieces.EncodeToIds(text, addSpecialTokens: false)];
}
