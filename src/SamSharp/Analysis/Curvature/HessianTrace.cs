using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>
/// The trace of the Hessian by Hutchinson's estimator, the mean of v'Hv over random vectors of signs, and its Frobenius norm, the root of the
/// mean of ||Hv||^2. For one vector the trace's variance is 2 times the sum of H_ij^2 over i != j, so it is 0 for a diagonal Hessian.
/// </summary>
/// <param name="adaptive">Whether to use DHD, D = diag(|w|), instead of H. Default: false.</param>
public sealed class HessianTrace(bool adaptive = false) : ISharpnessMeasure
{
    /// <summary>The number of random vectors, with one product with the Hessian each. Default 30.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Probes { get; init => field = Check.Positive(value); } = 30;

    /// <summary>Seed of the random vectors. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var hessian = new Hessian(surface, adaptive);
        using var random = new RandomVectors(Seed);
        using var part = surface.Watch.Begin($"trace of {hessian.Symbol}");
        var probes = Enumerable.Range(0, Probes).Select(i =>
        {
            var probe = Probe(hessian, random);
            surface.Watch.Report(i + 1, Probes);
            return probe;
        }).ToArray();
        var trace = Sample.Of(Array.ConvertAll(probes, probe => probe.Form));
        var squared = Sample.Of(Array.ConvertAll(probes, probe => probe.SquaredLength));
        var norm = Math.Sqrt(squared.Mean);
        return
        [
            Result(hessian, $"trace of {hessian.Symbol}", trace.Mean, trace.StandardError),
            // The error of a square root, to first order.
            Result(hessian, $"Frobenius norm of {hessian.Symbol}", norm, norm > 0 ? squared.StandardError / (2 * norm) : squared.StandardError),
        ];
    }

    private static (double Form, double SquaredLength) Probe(Hessian hessian, RandomVectors random)
    {
        using var vector = random.Rademacher(hessian.Surface);
        using var product = hessian.Apply(vector);
        return (vector.Dot(product), product.Dot(product));
    }

    private Measurement Result(Hessian hessian, string name, double value, double? error) => new(name, value, hessian.Surface.Rows)
    {
        Error = error,
        ErrorKind = error is null ? MeasurementError.None : MeasurementError.StandardError,
        Note = Invariant($"{Probes} probes{hessian.Note}"),
    };
}
