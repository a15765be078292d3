using System.Text.Json.Serialization;
using static System.FormattableString;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>Measures of sharpness of a model at its weights. <see cref="ToString"/> is a table; System.Text.Json writes and reads it.</summary>
/// <param name="Loss">The loss at the weights.</param>
/// <param name="Rows">The number of rows of data it was measured on; 0 if that is not known.</param>
/// <param name="Dimension">The number of weights.</param>
/// <param name="Measurements">The measurements, in the order of the measures.</param>
/// <param name="Spectrum">The density of the Hessian's eigenvalues, if requested.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record SharpnessReport(
    double Loss, long Rows, long Dimension, IReadOnlyList<Measurement> Measurements, SpectralDensity? Spectrum = null)
{
    /// <summary>The measurements, in the order of the measures.</summary>
    /// <exception cref="ArgumentException">The list is null, or a measurement is.</exception>
    public IReadOnlyList<Measurement> Measurements { get; init => field = Complete(value); } = Complete(Measurements);

    /// <summary>Measures a model, and leaves its weights, gradients, modes and running statistics as they were.</summary>
    /// <param name="model">The model.</param>
    /// <param name="loss">Computes the mean loss over fixed data, one element, and does not call <c>backward()</c>. Called many times.</param>
    /// <param name="options">What to measure. Default: <see cref="SharpnessOptions.Defaults"/>.</param>
    /// <param name="rows">The number of rows of that data, which the measurements report. Default 0: not known.</param>
    /// <param name="progress">Hears how far the measurement has come; null (default) for nobody.</param>
    /// <param name="cancellationToken">Asked before each loss. Default: none.</param>
    /// <exception cref="ArgumentException">The model has nothing to displace, or two parameters are the same weights.</exception>
    /// <exception cref="InvalidOperationException">The loss is not finite, not one number, or does not depend on the weights.</exception>
    /// <exception cref="OperationCanceledException">It was canceled; everything is as it was.</exception>
    public static SharpnessReport Measure(nn.Module model, Func<Tensor> loss, SharpnessOptions? options = null, long rows = 0,
        IProgress<MeasureProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Measure(model, [new LossBatch(loss, rows)], options, progress, cancellationToken);

    /// <summary>The same for a loss over several batches, computed one after the other.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batches">The parts of the data, at least one.</param>
    /// <param name="options">What to measure. Default: <see cref="SharpnessOptions.Defaults"/>.</param>
    /// <param name="progress">Hears how far the measurement has come; null (default) for nobody.</param>
    /// <param name="cancellationToken">Asked before each loss. Default: none.</param>
    /// <exception cref="ArgumentException">The model has nothing to displace, or two parameters are the same weights.</exception>
    /// <exception cref="InvalidOperationException">The loss is not finite, not one number, or does not depend on the weights.</exception>
    /// <exception cref="OperationCanceledException">It was canceled; everything is as it was.</exception>
    public static SharpnessReport Measure(nn.Module model, IReadOnlyList<LossBatch> batches, SharpnessOptions? options = null,
        IProgress<MeasureProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new SharpnessOptions();
        using var surface = new LossSurface(model, batches, options.Include)
        {
            Products = options.Products,
            Progress = progress,
            CancellationToken = cancellationToken,
        };
        using var whole = surface.Watch.Begin("loss");
        var loss = surface.LossAtOrigin;
        var measures = options.Measures ?? options.Defaults(surface);
        var parts = measures.Count + (options.SpectrumStarts > 0 ? 1 : 0);
        var measurements = measures.SelectMany((measure, i) => Measure(measure, surface, i, parts)).ToArray();
        if (options.SpectrumStarts == 0) return new(loss, surface.Rows, surface.Dimension, measurements);
        using var last = surface.Watch.Begin(null, measures.Count, parts);
        return new(loss, surface.Rows, surface.Dimension, measurements, Density(surface, options));
    }

    /// <summary>A table: name, value, error, radius and note of each measurement.</summary>
    public override string ToString()
    {
        string[][] rows =
        [
            ["measure", "value", "error", "radius", ""],
            .. Measurements.Select(m => new[]
            {
                m.Name, Invariant($"{m.Value:G6}"), Error(m), m.Radius is { } radius ? Invariant($"{radius:G3}") : "", m.Note,
            }),
        ];
        return string.Join(Environment.NewLine, [Invariant($"loss {Loss:G6}{On(Rows)}, {Dimension} weights"), .. TextTable.Lines(rows, 0, 4)]);
    }

    private static IReadOnlyList<Measurement> Measure(ISharpnessMeasure measure, LossSurface surface, int index, int count)
    {
        using var part = surface.Watch.Begin(null, index, count);
        var found = measure.Measure(surface);
        using var own = surface.Watch.Begin(found is [var first, ..] ? first.Name : null);
        surface.Watch.Report(1, 1); // for measures that report nothing by themselves
        return found;
    }

    private static IReadOnlyList<Measurement> Complete(IReadOnlyList<Measurement> measurements)
    {
        ArgumentNullException.ThrowIfNull(measurements);
        return measurements.Contains(null!) ? throw new ArgumentException("A measurement is null.", nameof(measurements)) : measurements;
    }

    private static string On(long rows) => rows switch { 0 => "", 1 => " on 1 row", _ => Invariant($" on {rows} rows") };

    private static SpectralDensity Density(LossSurface surface, SharpnessOptions options)
    {
        using var hessian = new Hessian(surface);
        return SpectralDensity.Estimate(hessian, options.SpectrumStarts, seed: options.Seed);
    }

    private static string Error(Measurement measurement) => measurement.ErrorKind switch
    {
        MeasurementError.StandardError => Invariant($"+- {measurement.Error:G2}"),
        MeasurementError.Residual => Invariant($"res. {measurement.Error:G2}"),
        _ => "",
    };
}
