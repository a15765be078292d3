using System.Text;
using System.Text.Unicode;

namespace SamSharp.Samples.T5.Files;

/// <summary>Reads the lines of a text file one by one, by the rule of <see cref="TextFile"/>, holding no more of it than a line.</summary>
internal sealed class LineReader : IDisposable
{
    private const int BlockBytes = 1 << 16;
    private const int Growth = 16;

    /// <summary>The longest row or paragraph in bytes: more is no text to learn from, but a file without line ends.</summary>
    public const int LongestRow = 8 << 20;

    /// <summary>The longest line in bytes of a file that is read as a whole, such as a JSON document without line ends.</summary>
    public const int LongestDocument = 512 << 20;

    private readonly string _path;
    private readonly int _longest;
    private readonly Action<string>? _notice;
    private readonly FileStream _file;
    private readonly Stream _stream;
    private readonly bool _marked;
    private readonly byte _end;
    private byte[] _buffer = new byte[BlockBytes];
    private int _start;
    private int _filled;
    private bool _noticed;
    private string? _text;
    private (int Start, int End) _line;

    public LineReader(string path, Action<string>? notice, int longest = LongestRow)
    {
        (_path, _notice, _longest) = (path, notice, longest);
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BlockBytes);
        try
        {
            var head = new byte[4096];
            head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
            var (encoding, mark) = TextEncoding.Of(head);
            if (mark == 0 && TextEncoding.Objection(head) is { } objection)
                throw new FilePlace(path).Data(objection);
            _marked = mark > 0;
            Bytes = (int)Math.Min(file.Length, Array.MaxLength);
            file.Position = mark;
            _end = EndOfLines(Utf8Of(file, encoding));
            file.Position = mark;
            (_file, _stream) = (file, Utf8Of(file, encoding));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The length of the file.</summary>
    public int Bytes { get; }

    /// <summary>Whether the file has no mark, and lines that end in LF or CRLF.</summary>
    public bool IsPlain => !_marked && _end == '\n';

    /// <summary>The number of the line last read, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Whether the line last read ended in CRLF.</summary>
    public bool EndsInReturn { get; private set; }

    /// <summary>The line last read, without its end.</summary>
    public string Text => _text ??= Encoding.UTF8.GetString(_buffer.AsSpan(_line.Start.._line.End));

    /// <summary>The same in UTF-8; valid until the next line is read.</summary>
    public ReadOnlySpan<byte> Content => _text is null ? _buffer.AsSpan(_line.Start.._line.End) : Encoding.UTF8.GetBytes(_text);

    /// <summary>Moves to the next line; false at the end of the file.</summary>
    public bool Read()
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan((_start + searched).._filled).IndexOf(_end);
            if (found >= 0)
            {
                Take(_start + searched + found, consumed: 1);
                return true;
            }
            searched = _filled - _start;
            if (Fill())
                continue;
            if (_filled == _start)
                return false;
            Take(_filled, consumed: 0);
            return true;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _file.Dispose();
    }

    private void Take(int end, int consumed)
    {
        Number++;
        _line = (_start, end);
        _start = end + consumed;
        var line = _buffer.AsSpan(_line.Start.._line.End);
        var trimmed = line.TrimEnd((byte)'\r');
        EndsInReturn = trimmed.Length < line.Length;
        _line.End -= line.Length - trimmed.Length;
        _text = null;
        if (Utf8.IsValid(trimmed))
            return;
        if (_marked)
            throw new FilePlace(_path, $"line {Number}").Data("the bytes are not UTF-8, although the file begins with its byte order mark.");
        _text = TextEncoding.Windows.GetString(trimmed);
        if (_noticed)
            return;
        _noticed = true;
        _notice?.Invoke($"{_path}, line {Number}: the bytes are not UTF-8; lines like this one are read as windows-1252.");
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._filled).CopyTo(_buffer);
            (_start, _filled) = (0, _filled - _start);
        }
        if (_filled == _buffer.Length)
        {
            if (_buffer.Length >= _longest)
                throw new FilePlace(_path, $"line {Number + 1}").Data($"it is longer than {_longest >> 20} MB. Is this a text with line ends?");
            Array.Resize(ref _buffer, (int)Math.Min(Math.Min((long)Growth * _buffer.Length, _longest), Math.Max(2L * _buffer.Length, Bytes + 1L)));
        }
        var read = ReadBlock(_stream, _buffer.AsSpan(_filled));
        _filled += read;
        return read > 0;
    }

    // The first LF decides, which is near in all but old Macintosh files.
    private byte EndOfLines(Stream stream)
    {
        var returns = false;
        for (var read = ReadBlock(stream, _buffer); read > 0; read = ReadBlock(stream, _buffer))
        {
            var block = _buffer.AsSpan(..read);
            if (block.Contains((byte)'\n'))
                return (byte)'\n';
            returns |= block.Contains((byte)'\r');
        }
        return (byte)(returns ? '\r' : '\n');
    }

    private static Stream Utf8Of(FileStream file, Encoding? encoding) =>
        encoding is null ? file : Encoding.CreateTranscodingStream(file, encoding, TextEncoding.Utf8, leaveOpen: true);

    private int ReadBlock(Stream stream, Span<byte> destination)
    {
        try
        {
            return stream.Read(destination);
        }
        catch (DecoderFallbackException error)
        {
            throw new FilePlace(_path, $"line {Number + 1} or after")
                .Data("the text is not in the encoding that the file's byte order mark says. Save it as UTF-8.", error);
        }
    }
}
