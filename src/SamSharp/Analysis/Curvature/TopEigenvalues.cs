using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>The eigenvalues of largest magnitude of the Hessian, by power iteration: less memory than
/// <see cref="HessianExtremes"/>, more products.</summary>
/// <param name="count">The number of eigenvalues, at least 1. Default 1.</param>
/// <param name="adaptive">Whether to use DHD, D = diag(|w|), instead of H. Default: false.</param>
public sealed class TopEigenvalues(int count = 1, bool adaptive = false) : ISharpnessMeasure
{
    private readonly int _count = Check.Positive(count);

    /// <summary>The largest number of products per eigenpair. Default 100.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxIterations { get; init => field = Check.Positive(value, nameof(MaxIterations)); } = 100;

    /// <summary>Relative change of the eigenvalue that ends the iteration. Default 1e-3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Tolerance { get; init => field = Check.NonNegative(value, nameof(Tolerance)); } = 1e-3;

    /// <summary>Seed of the start. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var hessian = new Hessian(surface, adaptive);
        using var part = surface.Watch.Begin($"top eigenvalues of {hessian.Symbol}");
        var pairs = new PowerIteration { MaxIterations = MaxIterations, Tolerance = Tolerance, Seed = Seed }.Top(hessian, _count);
        try
        {
            return [.. pairs.Select((pair, i) => new Measurement(
                Invariant($"eigenvalue {i + 1} of {hessian.Symbol} by magnitude"), pair.Value, surface.Rows)
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
