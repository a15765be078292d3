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
    public override int Read(Span<char> buffer)
    {
        if (!Fill())
            return 0;
        var count = Math.Min(buffer.Length, _line.Length - _next);
        _line.AsSpan(_next, count).CopyTo(buffer);
        _next += count;
        return count;
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
