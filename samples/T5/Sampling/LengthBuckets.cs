namespace SamSharp.Samples.T5.Sampling;

/// <summary>
/// Batches of rows with similar lengths, which need little padding: takes the rows of several steps of another sampler and regroups
/// them by length. Both the steps and the rows within a batch are shuffled, so that any part of a batch represents the whole.
/// </summary>
/// <param name="inner">Chooses the rows.</param>
/// <param name="lengths">Each row's length.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="window">Number of steps that are regrouped together.</param>
public sealed class LengthBuckets(IBatchSampler inner, IReadOnlyList<int> lengths, int seed, int window = 16) : IBatchSampler
{
    private int[][] _batches = [];
    private int _window = -1;

    /// <inheritdoc/>
    public int[] Rows(int batch)
    {
        if (batch / window != _window)
        {
            _window = batch / window;
            _batches = Deal(_window * window);
        }
        return _batches[batch % window];
    }

    private int[][] Deal(int first)
    {
        var random = new Random(StepSeed.Of(StepSeed.Of(seed, -1), first));
        var steps = Enumerable.Range(first, window).Select(inner.Rows).ToList();
        int[][] batches = [.. steps.SelectMany(step => step).OrderBy(row => lengths[row]).Chunk(steps[0].Length)];
        foreach (var rows in batches)
            random.Shuffle(rows);
        random.Shuffle(batches);
        return batches;
    }
}
