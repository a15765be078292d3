using System.Buffers;
using System.Text;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>
/// Rewrites a text as SentencePiece does before it cuts it: characters by the vocabulary's rules, white space by its settings, user-defined
/// symbols not at all.
/// </summary>
/// <remarks>As <c>normalizer.cc</c> of https://github.com/google/sentencepiece, 0.1.97.</remarks>
internal sealed class TextNormalizer
{
    /// <summary>What stands for a space in pieces.</summary>
    public const char Space = '\u2581';

    private const int ChunkBytes = 1 << 12;

    private readonly NormalizerSettings _settings;
    private readonly CharacterMap? _map;
    private readonly PieceTrie _symbols = new();
    private readonly byte[] _space;

    /// <exception cref="InvalidDataException">The rules are damaged.</exception>
    public TextNormalizer(NormalizerSettings settings, IEnumerable<string> symbols)
    {
        _settings = settings;
        _map = settings.CharacterMap.Length > 0 ? new(settings.CharacterMap) : null;
        _space = Encoding.UTF8.GetBytes(settings.EscapeWhitespace ? $"{Space}" : " ");
        foreach (var symbol in symbols)
            _symbols.Add(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(symbol)), symbol.Length);
    }

    /// <summary>The text that is cut, in parts that need not end with a piece; what is not asked for is not computed.</summary>
    public IEnumerable<string> Normalize(string text)
    {
        var input = Encoding.UTF8.GetBytes(text);
        var output = new ArrayBufferWriter<byte>(ChunkBytes + 64);
        var position = _settings.RemoveExtraWhitespace ? FirstText(input) : 0;
        if (position == input.Length)
            yield break;
        if (_settings.AddDummyPrefix && !_settings.WhitespaceIsSuffix)
            output.Write(_space);
        var afterSpace = _settings.RemoveExtraWhitespace;
        while (position < input.Length)
        {
            position += Rewrite(input.AsSpan(position), output, ref afterSpace);
            if (output.WrittenCount >= ChunkBytes && TakeChunk(output) is { Length: > 0 } chunk)
                yield return chunk;
        }
        yield return Last(output);
    }

    private int FirstText(ReadOnlySpan<byte> input)
    {
        var position = 0;
        while (position < input.Length && Prefix(input[position..], out var text) is var length && text is [(byte)' '])
            position += length;
        return position;
    }

    private int Rewrite(ReadOnlySpan<byte> input, ArrayBufferWriter<byte> output, ref bool afterSpace)
    {
        var length = Prefix(input, out var text);
        if (afterSpace)
            text = text.TrimStart((byte)' ');
        if (text.Length > 0)
        {
            foreach (var value in text)
            {
                if (value == ' ')
                    output.Write(_space);
                else
                    output.Write([value]);
            }
            afterSpace = text[^1] == ' ';
        }
        afterSpace &= _settings.RemoveExtraWhitespace;
        return length;
    }

    // How many bytes go, and what they become.
    private int Prefix(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> text)
    {
        if (Symbol(input) is > 0 and var symbol)
        {
            text = input[..symbol];
            return symbol;
        }
        if (_map is not null && _map.Match(input, out text) is > 0 and var matched)
            return matched;
        Rune.DecodeFromUtf8(input, out _, out var character);
        text = input[..character];
        return character;
    }

    // The longest one that the text begins with.
    private int Symbol(ReadOnlySpan<byte> input)
    {
        var longest = 0;
        var node = 0;
        for (var i = 0; i < input.Length; i++)
        {
            node = _symbols.Child(node, (char)input[i]);
            if (node == PieceTrie.None)
                break;
            if (_symbols.Value(node) != PieceTrie.None)
                longest = i + 1;
        }
        return longest;
    }

    // White space at the end stays, as nothing else may follow it.
    private string TakeChunk(ArrayBufferWriter<byte> output)
    {
        var whole = output.WrittenSpan;
        var kept = whole.Length;
        while (kept > 0 && whole[..kept].EndsWith(_space))
            kept -= _space.Length;
        var (chunk, rest) = (Encoding.UTF8.GetString(whole[..kept]), whole[kept..].ToArray());
        output.ResetWrittenCount();
        output.Write(rest);
        return chunk;
    }

    private string Last(ArrayBufferWriter<byte> output)
    {
        var text = output.WrittenSpan;
        if (_settings.RemoveExtraWhitespace)
        {
            while (text.EndsWith(_space))
                text = text[..^_space.Length];
        }
        var suffix = _settings is { AddDummyPrefix: true, WhitespaceIsSuffix: true } ? Encoding.UTF8.GetString(_space) : "";
        return Encoding.UTF8.GetString(text) + suffix;
    }
}
