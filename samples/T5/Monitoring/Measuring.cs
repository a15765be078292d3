namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Counts the batches of measurements for observers, and stops between two of them when told to.</summary>
/// <param name="observers">Told of each batch.</param>
/// <param name="cancellation">Stops a measurement.</param>
public sealed class Measuring(IEnumerable<ITrainingObserver> observers, CancellationToken cancellation)
{
    private string _what = "";
    private int _total;
    private int _done;

    /// <summary>Nobody watches, and nothing stops.</summary>
    public static Measuring Unwatched => new([], CancellationToken.None);

    /// <summary>The next batches belong to this measurement.</summary>
    /// <param name="what">What is measured.</param>
    /// <param name="batches">The number of passes over a batch; 0 where it is not known.</param>
    public void Begin(string what, int batches = 0) => (_what, _total, _done) = (what, batches, 0);

    /// <summary>Call it before each batch.</summary>
    /// <exception cref="OperationCanceledException">The measurement is to stop.</exception>
    public void NextBatch()
    {
        cancellation.ThrowIfCancellationRequested();
        foreach (var observer in observers)
            observer.OnMeasuring(new(_what, _done, _total));
        _done++;
    }
}
