using System.Text;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>A text by code points, which is how data sets made in Python count; .NET's characters count twice beyond U+FFFF.</summary>
internal sealed class CodePoints
{
    // Where each code point begins; null where they are the characters themselves.
    private readonly List<int>? _starts;

    public CodePoints(string text)
    {
        Text = text;
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
            return;
        _starts = new(text.Length);
        for (var start = 0; start < text.Length; start += Rune.TryGetRuneAt(text, start, out var rune) ? rune.Utf16SequenceLength : 1)
            _starts.Add(start);
    }

    public string Text { get; }

    public int Count => _starts?.Count ?? Text.Length;

    /// <summary>The code points from one on, up to another that is left out.</summary>
    public string Slice(int start, int end) => Text[At(start)..At(end)];

    private int At(int index) => _starts is null ? index : index == _starts.Count ? Text.Length : _starts[index];
}
