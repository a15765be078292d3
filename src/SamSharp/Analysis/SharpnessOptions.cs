namespace SamSharp.Analysis;

/// <summary>What a <see cref="SharpnessReport"/> measures.</summary>
public sealed record SharpnessOptions
{
    /// <summary>The radius of the default measures. Default 0.05 (Foret et al., 2021). Adaptive measures use
    /// ten times this radius, as ASAM does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Rho { get; init => field = Check.Radius(value, nameof(Rho)); } = 0.05;

    /// <summary>Seed of every random draw of the default measures. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>The measures, in order; null (default) for <see cref="Defaults"/>.</summary>
    public IReadOnlyList<ISharpnessMeasure>? Measures { get; init; }

    /// <summary>Selects parameters by name; null (default) for all trainable ones.</summary>
    public Func<string, bool>? Include { get; init; }

    /// <summary>How products with the Hessian are computed. Default: exact where possible.</summary>
    public HessianVectorProduct Products { get; init; }

    /// <summary>The number of random starts of the spectral density, with 20 products with the Hessian each. Default 0, for no spectrum.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int SpectrumStarts { get; init => field = (int)Check.NonNegative(value); }

    /// <summary>
    /// One-step and worst-case sharpness, plain and adaptive; with several batches also batch by batch; the average under normal
    /// displacements of about the same length, rho; the ends of the Hessian's spectrum, and its trace. About 250 passes over the data.
    /// </summary>
    public IReadOnlyList<ISharpnessMeasure> Defaults(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        var (plain, adaptive) = (new Ball(Rho), new Ball(10 * Rho, Adaptive: true));
        var oneStep = new OneStepSharpness(plain);
        return
        [
            oneStep,
            .. surface.Batches.Count > 1 ? [new BatchwiseSharpness(oneStep)] : Array.Empty<ISharpnessMeasure>(),
            new OneStepSharpness(adaptive),
            new WorstCaseSharpness(plain) { Seed = Seed },
            new WorstCaseSharpness(adaptive) { Seed = Seed },
            new AverageSharpness(Rho / Math.Sqrt(surface.Dimension)) { Seed = Seed },
            new HessianExtremes { Seed = Seed },
            new HessianTrace { Seed = Seed },
        ];
    }
}
