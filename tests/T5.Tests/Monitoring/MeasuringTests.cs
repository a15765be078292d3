using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.T5.Tests.Monitoring;

public class MeasuringTests
{
    private sealed class Watcher : ITrainingObserver
    {
        public List<MeasuringProgress> Seen { get; } = [];

        public void OnMeasuring(MeasuringProgress progress) => Seen.Add(progress);
    }

    [Fact]
    public void Batches_are_counted_until_it_is_stopped_between_two()
    {
        using var cancellation = new CancellationTokenSource();
        var watcher = new Watcher();
        var measuring = new Measuring([watcher], cancellation.Token);
        measuring.Begin("sharpness", 2);
        measuring.NextBatch();
        measuring.NextBatch();
        measuring.Begin("spectrum");
        measuring.NextBatch();
        Assert.Equal([new("sharpness", 0, 2), new("sharpness", 1, 2), new("spectrum", 0, 0)], watcher.Seen);
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(measuring.NextBatch);
        Assert.Equal(3, watcher.Seen.Count);
    }
}
