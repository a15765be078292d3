namespace SamSharp.Analysis;

/// <summary>
/// m-sharpness: applies another measure to each batch's loss by itself, and averages with the batches' weights. A training step
/// minimizes the sharpness of batches of m rows, each with its own displacement (Foret et al., 2021); for a worst case the
/// value is at least the value of all rows together.
/// </summary>
/// <param name="measure">The measure applied to each batch.</param>
public sealed class BatchwiseSharpness(ISharpnessMeasure measure) : ISharpnessMeasure
{
    private readonly ISharpnessMeasure _measure = measure ?? throw new ArgumentNullException(nameof(measure));

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        var surfaces = surface.Batches;
        var batches = surfaces.Select((batch, i) =>
        {
            using var part = surface.Watch.Begin(null, i, surfaces.Count);
            return (batch.Share, Found: _measure.Measure(batch));
        }).ToArray();
        return [.. batches[0].Found.Select((first, i) =>
        {
            var (mean, error) = Sample.Weighted([.. batches.Select(batch => (batch.Found[i].Value, batch.Share))]);
            return first with
            {
                Name = $"{first.Name}, batch by batch",
                Value = mean,
                Rows = surface.Rows,
                Error = error,
                ErrorKind = error is null ? MeasurementError.None : MeasurementError.StandardError,
                Note = string.Join("; ", new[] { $"{batches.Length} batches", first.Note }.Where(note => note.Length > 0)),
            };
        })];
    }
}
