using SamSharp.Samples.T5.Sampling;

namespace SamSharp.Samples.T5.Tests.Sampling;

public class MixtureSamplerTests
{
    [Theory] // rates 1000, 100 and, of 8000, the cap of 500
    [InlineData(500, new[] { 0.4545454545, 0.0909090909, 0.4545454545 })]
    [InlineData(null, new[] { 0.1098901099, 0.0109890110, 0.8791208791 })]
    public void Tasks_are_drawn_by_their_capped_sizes(int? cap, double[] shares)
    {
        int[] counts = [1000, 100, 8000];
        var sampler = new MixtureSampler(counts, cap, batchSize: 50, seed: 3);
        int[] drawn = [.. Enumerable.Range(0, 800).SelectMany(sampler.Rows)];
        // 40,000 draws: a share's standard deviation is 0.0025 at most.
        Assert.Equal(shares[0], drawn.Count(row => row < 1000) / 40000.0, 0.01);
        Assert.Equal(shares[1], drawn.Count(row => row is >= 1000 and < 1100) / 40000.0, 0.01);
        Assert.Equal(shares[2], drawn.Count(row => row is >= 1100 and < 9100) / 40000.0, 0.01);
    }

    [Fact]
    public void Each_task_goes_through_all_its_rows_before_it_repeats_one()
    {
        var sampler = new MixtureSampler([7, 20], cap: null, batchSize: 5, seed: 1);
        int[] drawn = [.. Enumerable.Range(0, 100).SelectMany(sampler.Rows)];
        foreach (var (first, count) in new[] { (0, 7), (7, 20) })
        {
            var epochs = drawn.Where(row => row >= first && row < first + count).Chunk(count).ToList();
            Assert.All(epochs.SkipLast(1), epoch => Assert.Equal(Enumerable.Range(first, count), epoch.Order()));
            Assert.NotEqual(epochs[0], epochs[1]);
        }
    }

    [Fact]
    public void A_batch_is_the_same_whether_or_not_those_before_were_asked_for()
    {
        var sequential = new MixtureSampler([10, 30], cap: 12, batchSize: 4, seed: 3);
        var batches = Enumerable.Range(0, 20).Select(sequential.Rows).ToList();
        Assert.Equal(batches[3], sequential.Rows(3)); // going back too
        Assert.All(Enumerable.Range(0, 20), batch => Assert.Equal(batches[batch], new MixtureSampler([10, 30], 12, 4, 3).Rows(batch)));
        Assert.NotEqual(batches[0], new MixtureSampler([10, 30], 12, 4, 4).Rows(0));
    }

    [Fact]
    public void An_epoch_of_the_mixture_is_the_sum_of_the_capped_sizes() =>
        Assert.Equal((1100L, 9100L), (MixtureSampler.Weight([1000, 100, 8000], 500), MixtureSampler.Weight([1000, 100, 8000], null)));
}
