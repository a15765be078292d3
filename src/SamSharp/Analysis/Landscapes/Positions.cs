namespace SamSharp.Analysis;

/// <summary>Where along a direction the loss is looked at.</summary>
public static class Positions
{
    /// <summary>Evenly spaced positions, both ends included exactly.</summary>
    /// <param name="from">The first.</param>
    /// <param name="to">The last.</param>
    /// <param name="count">How many, at least 2; odd for one at the middle.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2.</exception>
    public static double[] Between(double from, double to, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        var last = count - 1;
        return [.. Enumerable.Range(0, count).Select(i => ((from * (last - i)) + (to * i)) / last)];
    }
}
