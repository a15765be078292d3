namespace SamSharp.Samples.T5.Files;

/// <summary>The lines of a <see cref="LineReader"/> as one stream of characters.</summary>
internal sealed class LineTextReader(LineReader lines) : TextReader
{
    private string _line = "";
    private int _next;

    /// <inheritdoc/>
    public override int Peek() => Fill() ? _line[_next] : -1;

    /// <inheritdoc/>
    public override int Read() => Fill() ? _line[_next++] : -1;

    /// <inheritdoc/>
    /// <remarks>Reads as much as fits: who looks for the end of a row looks again from its start after each read.</remarks>
    public override int Read(Span<char> buffer)
    {
        var read = 0;
        while (read < buffer.Length && Fill())
        {
            var count = Math.Min(buffer.Length - read, _line.Length - _next);
            _line.AsSpan(_next, count).CopyTo(buffer[read..]);
            _next += count;
            read += count;
        }
        return read;
    }

    /// <inheritdoc/>
    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            lines.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        if (_next < _line.Length)
            return true;
        if (!lines.Read())
            return false;
        (_line, _next) = (lines.Text + (lines.EndsInReturn ? "\r\n" : "\n"), 0);
        return true;
    }
}
