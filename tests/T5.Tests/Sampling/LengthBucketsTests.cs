using SamSharp.Samples.T5.Sampling;

namespace SamSharp.Samples.T5.Tests.Sampling;

public class LengthBucketsTests
{
    private static readonly int[] Lengths = [.. Enumerable.Range(0, 640).Select(row => row * 37 % 101 + 1)];

    [Fact]
    public void A_window_holds_the_rows_of_the_sampler_beneath()
    {
        var (plain, buckets) = (new BatchSampler(640, 10, 5), New());
        foreach (var window in Enumerable.Range(0, 8).Chunk(4))
            Assert.Equal(window.SelectMany(plain.Rows).Order(), window.SelectMany(buckets.Rows).Order());
    }

    [Fact]
    public void Batches_are_of_like_length_and_come_in_no_order_of_length()
    {
        var (plain, buckets) = (new BatchSampler(640, 10, 5), New());
        int Padding(IBatchSampler sampler) => Enumerable.Range(0, 64).Select(sampler.Rows)
            .Sum(rows => rows.Sum(row => rows.Max(other => Lengths[other]) - Lengths[row]));
        Assert.True(Padding(buckets) < Padding(plain) / 2, $"{Padding(buckets)} of {Padding(plain)}");

        var longest = Enumerable.Range(0, 4).Select(batch => buckets.Rows(batch).Max(row => Lengths[row])).ToList();
        Assert.NotEqual(longest.Order(), longest);
        Assert.NotEqual(buckets.Rows(0).OrderBy(row => Lengths[row]).Select(row => Lengths[row]), buckets.Rows(0).Select(row => Lengths[row]));
    }

    [Fact]
    public void A_batch_is_the_same_whether_or_not_those_before_were_asked_for()
    {
        var sequential = New();
        Assert.All(Enumerable.Range(0, 20), batch => Assert.Equal(New().Rows(batch), sequential.Rows(batch)));
    }

    private static LengthBuckets New() => new(new BatchSampler(640, 10, 5), Lengths, seed: 5, window: 4);
}
