using SamSharp.Samples.T5.Sampling;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Sampling;

[TensorScope]
public class BatchTests
{
    private static readonly EncodedExample[] Examples = [new([5, 6, 7, 1], [9, 1]), new([8, 1], [4, 3, 1]), new([2, 3, 1], [1])];

    [Fact]
    public void Each_side_is_padded_to_its_longest_row()
    {
        using var batch = Batch.Collate(Examples, padId: 0, CPU);
        Assert.Equal([3, 4], batch.InputIds.shape);
        Assert.Equal([5, 6, 7, 1, 8, 1, 0, 0, 2, 3, 1, 0], batch.InputIds.data<long>());
        Assert.Equal([1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0], batch.AttentionMask.data<long>());
        Assert.Equal([3, 3], batch.Labels.shape);
        Assert.Equal([9, 1, -100, 4, 3, 1, 1, -100, -100], batch.Labels.data<long>());
    }

    [Fact]
    public void The_mask_hides_padding_even_where_the_padding_id_is_an_ordinary_one()
    {
        using var batch = Batch.Collate(Examples, padId: 5, CPU);
        Assert.Equal([5, 6, 7, 1, 8, 1, 5, 5], batch.InputIds.narrow(0, 0, 2).flatten().data<long>());
        Assert.Equal([1, 1, 1, 1, 1, 1, 0, 0], batch.AttentionMask.narrow(0, 0, 2).flatten().data<long>());
    }

    [Theory]
    [InlineData(1.0, 3)]
    [InlineData(0.5, 2)]
    [InlineData(0.25, 1)]
    [InlineData(0.01, 1)]
    public void The_head_is_the_first_rows_and_at_least_one(double fraction, int rows)
    {
        using var batch = Batch.Collate(Examples, padId: 0, CPU);
        using var head = batch.Head(fraction);
        Assert.Equal(rows, head.Count);
        Assert.Equal(batch.InputIds.narrow(0, 0, rows).data<long>().ToArray(), head.InputIds.data<long>().ToArray());
        Assert.Equal(batch.Labels.narrow(0, 0, rows).data<long>().ToArray(), head.Labels.data<long>().ToArray());
    }
}
