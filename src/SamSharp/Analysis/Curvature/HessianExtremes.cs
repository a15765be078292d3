using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>The largest and the smallest eigenvalue of the Hessian, by the Lanczos process.</summary>
/// <param name="adaptive">Whether to use DHD, D = diag(|w|), instead of H. Default: false.</param>
public sealed class HessianExtremes(bool adaptive = false) : ISharpnessMeasure
{
    /// <summary>The largest number of products with the Hessian; never more than there are weights. Default 20.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Steps { get; init => field = Check.Positive(value, nameof(Steps)); } = 20;

    /// <summary>Seed of the start. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var hessian = new Hessian(surface, adaptive);
        using var part = surface.Watch.Begin($"extreme eigenvalues of {hessian.Symbol}");
        using var run = new Lanczos { Steps = Steps, Seed = Seed }.Run(hessian);
        Measurement Of(string which, Index i) => new($"{which} eigenvalue of {hessian.Symbol}", run.Values[i], surface.Rows)
        {
            Error = run.Residuals[i],
            ErrorKind = MeasurementError.Residual,
            Note = Invariant($"Lanczos, {run.Values.Count} steps{hessian.Note}"),
        };
        return [Of("largest", ^1), Of("smallest", 0)];
    }
}
