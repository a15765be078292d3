namespace SamSharp.Samples.T5.Tokenization;

/// <summary>One entry of a SentencePiece vocabulary; its id is its position.</summary>
/// <param name="Text">The piece's text, with U+2581 for a space.</param>
/// <param name="Score">The logarithm of its probability.</param>
/// <param name="Kind">Its role.</param>
internal readonly record struct SentencePiece(string Text, float Score, SentencePieceKind Kind);

/// <summary>The roles of a piece, numbered as in SentencePiece's file format.</summary>
internal enum SentencePieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
