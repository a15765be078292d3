namespace SamSharp.Analysis;

/// <summary>
/// m-sharpness: another measure taken of each batch's loss by itself, and averaged with the batches' weights. Batches of m rows, each with a displacement of its
/// own, are what the training step makes small (Foret et al., 2021); for a worst case the value is at least that of all rows together.
/// </summary>
/// <param name="measure">What is measured of each batch.</param>
public sealed class BatchwiseSharpness(ISharpnessMeasure measure) : ISharpnessMeasure
{
    private readonly ISharpnessMeasure _measure = measure ?? throw new ArgumentNullException(nameof(measure));

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        var batches = surface.Batches.Select(batch => (batch.Share, Found: _measure.Measure(batch))).ToArray();
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
