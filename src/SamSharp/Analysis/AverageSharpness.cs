using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>
/// How much the loss climbs on average under normal displacements: E L(w + d) - L(w), where d has independent N(0, sigma^2) elements, or
/// N(0, sigma^2 w_i^2) if adaptive. Displacements come in pairs d, -d, in which odd terms cancel; for a quadratic the value is sigma^2 tr(H)
/// / 2, or sigma^2 sum(w_i^2 H_ii) / 2 if adaptive.
/// </summary>
/// <param name="sigma">The standard deviation, at least 0. The norm of a displacement is about sigma sqrt(n), with n weights.</param>
/// <param name="adaptive">Whether displacements are relative to the weights. Default: false.</param>
public sealed class AverageSharpness(double sigma, bool adaptive = false) : ISharpnessMeasure
{
    private readonly double _sigma = Check.NonNegative(sigma);

    /// <summary>Pairs of displacements, two forward passes each. Default 50, so 100 displacements.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Pairs { get; init => field = Check.Positive(value); } = 50;

    /// <summary>Seed of the displacements. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var random = new RandomVectors(Seed);
        using var scale = adaptive ? Climb.Magnitudes(surface) : null;
        using var part = surface.Watch.Begin(Name);
        var (mean, error) = Sample.Of([.. Enumerable.Range(0, Pairs).Select(i => Pair(surface, random, scale, i))]);
        return
        [
            new(Name, mean, surface.Rows)
            {
                Radius = _sigma,
                Error = error,
                ErrorKind = error is null ? MeasurementError.None : MeasurementError.StandardError,
                Note = Invariant($"radius is sigma; {Pairs} antithetic pairs"),
            },
        ];
    }

    private string Name => adaptive ? "average, adaptive normal" : "average, normal";

    private double Pair(LossSurface surface, RandomVectors random, WeightVector? scale, int index)
    {
        using var displacement = random.Normal(surface).Scale(_sigma);
        if (scale is not null) displacement.Multiply(scale);
        var ahead = surface.Loss(displacement);
        var climb = ((ahead + surface.Loss(displacement.Scale(-1))) / 2) - surface.LossAtOrigin;
        surface.Watch.Report(index + 1, Pairs);
        return climb;
    }
}
