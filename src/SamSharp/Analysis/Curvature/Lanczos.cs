namespace SamSharp.Analysis;

/// <summary>
/// The Lanczos process with full re-orthogonalization: both ends of a Hessian's spectrum, and weights for its density, from a few products.
/// It keeps one vector for each step. After n steps in n dimensions it is exact.
/// </summary>
internal sealed class Lanczos
{
    /// <summary>The largest number of products with the Hessian; never more than there are weights. Default 20.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Steps { get; init => field = Check.Positive(value); } = 20;

    /// <summary>Seed of the start. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Runs from a random normal start.</summary>
    /// <returns>The result, which the caller disposes.</returns>
    public LanczosRun Run(Hessian hessian)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        using var random = new RandomVectors(Seed);
        using var start = random.Normal(hessian.Surface);
        return Run(hessian, start);
    }

    /// <summary>Runs from a given start.</summary>
    /// <param name="hessian">The matrix.</param>
    /// <param name="start">Any vector except 0; it is copied.</param>
    /// <returns>The result, which the caller disposes.</returns>
    /// <exception cref="ArgumentException">The start is 0, or not finite.</exception>
    public LanczosRun Run(Hessian hessian, WeightVector start)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        ArgumentNullException.ThrowIfNull(start);
        var length = start.Norm();
        if (!double.IsFinite(length) || length == 0) throw new ArgumentException($"The start has norm {length}; it leads nowhere.", nameof(start));

        var basis = new List<WeightVector> { start.Clone().Scale(1 / length) };
        var (diagonal, below) = (new List<double>(), new List<double>());
        var steps = (int)Math.Min(Steps, hessian.Surface.Dimension);
        try
        {
            while (true)
            {
                var next = hessian.Apply(basis[^1]);
                diagonal.Add(basis[^1].Dot(next));
                Orthogonalize(next, basis);
                var beta = next.Norm();
                below.Add(beta);
                var isLast = diagonal.Count == steps || beta <= Negligible(diagonal, below);
                hessian.Surface.Watch.Report(isLast ? steps : diagonal.Count, steps);
                if (isLast)
                {
                    next.Dispose();
                    return new LanczosRun(basis, diagonal, below);
                }
                basis.Add(next.Scale(1 / beta));
            }
        }
        catch
        {
            basis.ForEach(vector => vector.Dispose());
            throw;
        }
    }

    /// <summary>Orthogonalizes twice, which is enough to correct what rounding leaves the first time.</summary>
    private static void Orthogonalize(WeightVector vector, List<WeightVector> basis)
    {
        for (var round = 0; round < 2; round++)
        {
            foreach (var direction in basis) vector.Add(direction, -direction.Dot(vector));
        }
    }

    /// <summary>Below this length, all directions that the start has a component in are exhausted.</summary>
    private static double Negligible(List<double> diagonal, List<double> below) =>
        1e-7 * (diagonal.Max(Math.Abs) + below.SkipLast(1).DefaultIfEmpty().Max());
}
