namespace SamSharp.Samples.T5.Tokenization;

/// <summary>One entry of a SentencePiece vocabulary; its id is its position.</summary>
/// <param name="Text">The text it stands for, with U+2581 for a space.</param>
/// <param name="Score">The logarithm of its probability.</param>
/// <param name="Kind">What role it plays.</param>
internal readonly record struct SentencePiece(string Text, float Score, SentencePieceKind Kind);

/// <summary>The roles of a piece, with the numbers of SentencePiece's own file format.</summary>
internal enum SentencePieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
