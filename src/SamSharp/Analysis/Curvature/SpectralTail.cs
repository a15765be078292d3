namespace SamSharp.Analysis;

/// <summary>A power law fitted to the largest eigenvalues, with density in proportion to x^-alpha.</summary>
/// <param name="Alpha">Hill's estimate of the exponent.</param>
/// <param name="Distance">The largest distance between the two distribution functions, Kolmogorov and Smirnov's.</param>
/// <param name="Largest">The largest eigenvalue.</param>
/// <param name="Eigenvalues">The number of all eigenvalues.</param>
internal sealed record SpectralTail(double Alpha, double Distance, double Largest, int Eigenvalues)
{
    /// <summary>Fits the tail.</summary>
    /// <param name="ascending">All eigenvalues, in ascending order.</param>
    /// <param name="parts">The tail begins behind one of this many parts; null for the place where the distance is smallest, except the last.</param>
    public static SpectralTail Fit(double[] ascending, double? parts)
    {
        if (parts is { } given) return From(ascending, Math.Min((int)(ascending.Length / given), ascending.Length - 1));
        if (ascending.Length == 1) return From(ascending, 0);
        return Enumerable.Range(0, ascending.Length - 1).Select(start => From(ascending, start)).Where(tail => tail.Alpha > 1)
            .MinBy(tail => tail.Distance) ?? From(ascending, 0);
    }

    private static SpectralTail From(double[] ascending, int start)
    {
        var (tail, first) = (ascending[start..], ascending[start]);
        var alpha = 1 + (tail.Length / tail.Sum(value => Math.Log(value / first)));
        var distance = tail.Select((value, i) => Math.Abs(1 - Math.Pow(value / first, 1 - alpha) - ((double)i / tail.Length))).Max();
        return new(alpha, distance, ascending[^1], ascending.Length);
    }
}
