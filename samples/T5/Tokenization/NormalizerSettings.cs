namespace SamSharp.Samples.T5.Tokenization;

/// <summary>How a vocabulary rewrites texts: <c>normalizer_spec</c>, with the defaults of sentencepiece_model.proto.</summary>
internal sealed record NormalizerSettings
{
    /// <summary>The rules' name, such as <c>nmt_nfkc</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The rules for characters; empty where there are none.</summary>
    public byte[] CharacterMap { get; init; } = [];

    /// <summary>Whether a text begins with a space, so that its first word is one as any other.</summary>
    public bool AddDummyPrefix { get; init; } = true;

    /// <summary>Whether spaces at either end go, and all but one of several.</summary>
    public bool RemoveExtraWhitespace { get; init; } = true;

    /// <summary>Whether pieces have U+2581 for a space.</summary>
    public bool EscapeWhitespace { get; init; } = true;

    /// <summary>Whether pieces have their space at the end (<c>treat_whitespace_as_suffix</c> of <c>trainer_spec</c>).</summary>
    public bool WhitespaceIsSuffix { get; init; }
}
