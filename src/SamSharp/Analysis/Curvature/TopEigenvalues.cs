using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>The eigenvalues of largest magnitude of the Hessian, by power iteration: less memory than <see cref="HessianExtremes"/>, more products.</summary>
/// <param name="count">How many, at least 1. Default 1.</param>
/// <param name="adaptive">Whether of DHD, D = diag(|w|). Default: false.</param>
public sealed class TopEigenvalues(int count = 1, bool adaptive = false) : ISharpnessMeasure
{
    private readonly int _count = Check.Positive(count);

    /// <summary>When to stop, and the seed. Default: 100 products, tolerance 1e-3, seed 0.</summary>
    public PowerIteration Iteration { get; init; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var hessian = new Hessian(surface, adaptive);
        var pairs = Iteration.Top(hessian, _count);
        try
        {
            return [.. pairs.Select((pair, i) => new Measurement(Invariant($"eigenvalue {i + 1} of {hessian.Symbol} by magnitude"), pair.Value, surface.Rows)
            {
                Error = pair.Residual,
                ErrorKind = MeasurementError.Residual,
                Note = Invariant($"power iteration, {pair.Iterations} products{hessian.Note}"),
            })];
        }
        finally
        {
            foreach (var pair in pairs) pair.Dispose();
        }
    }
}
