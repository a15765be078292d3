namespace SamSharp.Analysis;

/// <summary>Who waits for a surface's measurements: a token that may cancel them, and a listener to their progress.</summary>
internal sealed class Watch
{
    private string _name = "";
    private double _from;
    private double _length = 1;
    private double _last = -1;
    private int _depth;

    public CancellationToken Token { get; set; }

    public IProgress<MeasureProgress>? Listener { get; set; }

    /// <summary>Begins a part of what is measured, until the result is disposed; reports within it count as its share of the whole.</summary>
    /// <param name="name">What is measured; null for what the whole is called.</param>
    /// <param name="index">From 0.</param>
    /// <param name="count">The number of such parts.</param>
    public Part Begin(string? name, int index = 0, int count = 1)
    {
        var outer = new Part(this, _name, _from, _length);
        if (_depth++ == 0) _last = -1;
        (_name, _from, _length) = (name ?? _name, _from + (_length * index / count), _length / count);
        return outer;
    }

    /// <summary>Reports that so much of the current part is done.</summary>
    public void Report(int done, int of)
    {
        if (Listener is null) return;
        var share = Math.Min(1, _from + (_length * done / of));
        if (share <= _last) return;
        _last = share;
        Listener.Report(new(_name, share));
    }

    /// <summary>What to go back to.</summary>
    public readonly struct Part(Watch watch, string name, double from, double length) : IDisposable
    {
        public void Dispose()
        {
            watch._depth--;
            (watch._name, watch._from, watch._length) = (name, from, length);
        }
    }
}
