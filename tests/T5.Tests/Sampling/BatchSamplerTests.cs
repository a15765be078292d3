using SamSharp.Samples.T5.Sampling;

namespace SamSharp.Samples.T5.Tests.Sampling;

public class BatchSamplerTests
{
    [Theory]
    [InlineData(12, 4)]
    [InlineData(10, 4)] // batches join epochs
    [InlineData(3, 8)] // a batch is longer than an epoch
    [InlineData(1, 1)]
    public void Every_epoch_holds_every_row_once(int rows, int batchSize)
    {
        var sampler = new BatchSampler(rows, batchSize, seed: 7);
        var drawn = Enumerable.Range(0, 3 * rows).SelectMany(sampler.Rows).Take(3 * rows);
        Assert.All(drawn.Chunk(rows), epoch => Assert.Equal(Enumerable.Range(0, rows), epoch.Order()));
    }

    [Fact]
    public void Epochs_and_seeds_have_orders_of_their_own()
    {
        int[] Epoch(int seed, int step) => new BatchSampler(64, 64, seed).Rows(step);
        Assert.NotEqual(Epoch(1, 0), Epoch(1, 1));
        Assert.NotEqual(Epoch(1, 0), Epoch(2, 0));
        Assert.NotEqual(Epoch(1, 1), Epoch(2, 0));
    }

    [Fact]
    public void A_step_has_the_same_rows_whether_or_not_the_steps_before_were_asked_for()
    {
        var sequential = new BatchSampler(10, 4, seed: 3);
        var batches = Enumerable.Range(0, 20).Select(sequential.Rows).ToList();
        Assert.All(Enumerable.Range(0, 20), step => Assert.Equal(batches[step], new BatchSampler(10, 4, seed: 3).Rows(step)));
    }
}
