using System.Text.Json.Serialization;
using static System.FormattableString;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>Measures of sharpness of a model at its weights. <see cref="ToString"/> is a table; System.Text.Json writes and reads it.</summary>
/// <param name="Loss">The loss at the weights.</param>
/// <param name="Rows">The number of rows of data it was measured on.</param>
/// <param name="Dimension">The number of weights.</param>
/// <param name="Measurements">The measurements, in the order of the measures.</param>
/// <param name="Spectrum">The density of the Hessian's eigenvalues, if requested.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record SharpnessReport(
    double Loss, long Rows, long Dimension, IReadOnlyList<Measurement> Measurements, SpectralDensity? Spectrum = null)
{
    /// <summary>Measures a model, and leaves its weights, gradients, modes and running statistics as they were.</summary>
    /// <param name="model">The model.</param>
    /// <param name="loss">Computes the mean loss over fixed data, one element, and does not call <c>backward()</c>. Called many times.</param>
    /// <param name="options">What to measure. Default: <see cref="SharpnessOptions.Defaults"/>.</param>
    /// <param name="rows">The number of rows of that data, which the measurements report. Default 1.</param>
    /// <exception cref="ArgumentException">The model has nothing to displace, or two parameters are the same weights.</exception>
    /// <exception cref="InvalidOperationException">The loss is not finite, not one number, or does not depend on the weights.</exception>
    public static SharpnessReport Measure(nn.Module model, Func<Tensor> loss, SharpnessOptions? options = null, long rows = 1) =>
        Measure(model, [new LossBatch(loss, rows)], options);

    /// <summary>The same for a loss over several batches, computed one after the other.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batches">The parts of the data, at least one.</param>
    /// <param name="options">What to measure. Default: <see cref="SharpnessOptions.Defaults"/>.</param>
    /// <exception cref="ArgumentException">The model has nothing to displace, or two parameters are the same weights.</exception>
    /// <exception cref="InvalidOperationException">The loss is not finite, not one number, or does not depend on the weights.</exception>
    public static SharpnessReport Measure(nn.Module model, IReadOnlyList<LossBatch> batches, SharpnessOptions? options = null)
    {
        options ??= new SharpnessOptions();
        using var surface = new LossSurface(model, batches, options.Include) { Products = options.Products };
        var loss = surface.LossAtOrigin;
        var measurements = (options.Measures ?? options.Defaults(surface)).SelectMany(measure => measure.Measure(surface)).ToArray();
        return new(loss, surface.Rows, surface.Dimension, measurements, options.SpectrumStarts > 0 ? Density(surface, options) : null);
    }

    /// <summary>A table: name, value, error, radius and note of each measurement.</summary>
    public override string ToString()
    {
        string[] head = ["measure", "value", "error", "radius", ""];
        string[][] rows =
        [
            head,
            .. Measurements.Select(m => new[]
            {
                m.Name, Invariant($"{m.Value:G6}"), Error(m), m.Radius is { } radius ? Invariant($"{radius:G3}") : "", m.Note,
            }),
        ];
        var widths = head.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        var lines = rows.Select(row =>
            string.Join("  ", row.Select((cell, i) => i is 0 or 4 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        return string.Join(Environment.NewLine, [Invariant($"loss {Loss:G6} on {Rows} rows, {Dimension} weights"), .. lines]);
    }

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
