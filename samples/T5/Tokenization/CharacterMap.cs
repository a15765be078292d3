using System.Buffers.Binary;
using System.Text.Unicode;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>
/// The rules by which a vocabulary rewrites characters (<c>precompiled_charsmap</c>): a double-array trie and the texts that it leads to.
/// </summary>
/// <remarks>
/// Layout: 4 bytes with the trie's length, the trie in units of 4 bytes, texts ended by 0. Units: Yata's Darts-clone,
/// https://github.com/s-yata/darts-clone. Whatever the file says stays within it.
/// </remarks>
internal sealed class CharacterMap
{
    // The reference looks no further.
    private const int MostMatches = 32;

    private readonly uint[] _units;
    private readonly byte[] _texts;

    /// <exception cref="InvalidDataException">The lengths do not fit.</exception>
    public CharacterMap(ReadOnlySpan<byte> map)
    {
        if (map.Length <= 4 || BinaryPrimitives.ReadUInt32LittleEndian(map) is var trie && (trie >= map.Length - 4 || trie % 4 != 0 || trie == 0))
            throw new InvalidDataException("its rules for characters are cut short");
        _units = new uint[trie / 4];
        for (var i = 0; i < _units.Length; i++)
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + 4 * i)..]);
        _texts = map[(4 + (int)trie)..].ToArray();
    }

    /// <summary>The longest rule for the beginning of a text: how many bytes it takes, 0 where there is none, and what they become.</summary>
    public int Match(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        var (length, value, matches) = (0, 0u, 0);
        var position = Offset(_units[0]);
        for (var i = 0; i < text.Length && matches < MostMatches; i++)
        {
            position ^= text[i];
            if (position >= _units.Length || Label(_units[position]) != text[i])
                break;
            var unit = _units[position];
            position ^= Offset(unit);
            if ((unit >> 8 & 1) == 0)
                continue;
            if (position >= _units.Length)
                throw Broken();
            (length, value, matches) = (i + 1, _units[position] & 0x7FFF_FFFF, matches + 1);
        }
        replacement = length > 0 ? TextAt(value) : default;
        return length;
    }

    private ReadOnlySpan<byte> TextAt(uint start)
    {
        if (start >= _texts.Length)
            throw Broken();
        var text = _texts.AsSpan((int)start);
        var end = text.IndexOf((byte)0);
        return end >= 0 && Utf8.IsValid(text[..end]) ? text[..end] : throw Broken();
    }

    private static uint Label(uint unit) => unit & 0x8000_00FF;

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private static InvalidDataException Broken() => new("its rules for characters are damaged");
}
