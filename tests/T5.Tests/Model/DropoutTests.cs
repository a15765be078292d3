using SamSharp.Samples.T5.Model;
using SamSharp.Tests.Support;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Model;

[Collection(GlobalRandomNumbers.Name)]
public class DropoutTests
{
    private const double Probability = 0.1;

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(1_000_003)]
    public void Elements_are_dropped_at_the_rate_asked_for_and_the_others_scaled_up(long size)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);

        var mask = Dropout.Apply(ones(size), Probability, training: true);

        var values = mask.data<float>().ToArray();
        Assert.All(values, value => Assert.True(value == 0 || Math.Abs(value - (1 / (1 - Probability))) < 1e-4));
        // Five standard deviations.
        Assert.InRange(values.Count(value => value == 0) - (Probability * size), -5 * Math.Sqrt(0.09 * size), 5 * Math.Sqrt(0.09 * size));
    }

    [Fact]
    public void Every_place_of_a_block_is_dropped_as_often_as_any_and_neighbors_are_independent()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        const int rows = 100_000;

        var dropped = Dropout.Apply(ones(rows, 32), Probability, training: true).IsEqualTo(0).to(float64);

        var deviation = Math.Sqrt(0.09 / rows);
        Assert.InRange(dropped.mean([0]).Minus(Probability).abs().max().item<double>(), 0, 5 * deviation);
        // Correlations of all pairs of places, and of each place with all places of the next block.
        var centred = dropped.Minus(Probability).Over(0.3);
        var within = centred.t().mm(centred).Over(rows) - eye(32, dtype: float64);
        var across = centred.narrow(0, 0, rows - 1).t().mm(centred.narrow(0, 1, rows - 1)).Over(rows);
        var limit = 6 / Math.Sqrt(rows);
        Assert.InRange(within.triu(1).abs().max().item<double>(), 0, limit);
        Assert.InRange(across.abs().max().item<double>(), 0, limit);
    }

    [Fact]
    public void The_seed_of_the_default_generator_decides()
    {
        using var scope = NewDisposeScope();

        var (first, second) = (Draw(3), Draw(3));

        Assert.True(first[0].Equals(second[0]) && first[1].Equals(second[1]));
        Assert.False(first[0].Equals(first[1]));
        Assert.False(first[0].Equals(Draw(4)[0]));

        static Tensor[] Draw(long seed)
        {
            random.manual_seed(seed);
            return [Dropout.Apply(ones(1000), 0.5, training: true), Dropout.Apply(ones(1000), 0.5, training: true)];
        }
    }

    [Fact]
    public void The_gradient_passes_where_the_value_did()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var values = ones(100, requires_grad: true);

        var kept = Dropout.Apply(values, 0.5, training: true);
        kept.sum().backward();

        Assert.True(kept.detach().Equals(values.grad!));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(100_003)]
    public void The_same_elements_are_dropped_in_bfloat16(long size)
    {
        using var scope = NewDisposeScope();

        var wide = Draw(ScalarType.Float32);
        var narrow = Draw(ScalarType.BFloat16);

        Assert.Equal(ScalarType.BFloat16, narrow.dtype);
        Assert.True(narrow.Equals(wide.to(ScalarType.BFloat16)));

        Tensor Draw(ScalarType type)
        {
            random.manual_seed(7);
            return Dropout.Apply(ones(size, type), Probability, training: true);
        }
    }

    [Fact]
    public void Doubles_are_dropped_by_libtorch()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);

        var kept = Dropout.Apply(ones(1000, float64), 0.5, training: true);

        Assert.Equal(ScalarType.Float64, kept.dtype);
        Assert.InRange(kept.IsEqualTo(0).sum().item<long>(), 400, 600);
    }

    [Fact]
    public void Nothing_is_dropped_in_evaluation()
    {
        using var values = ones(10);
        Assert.Same(values, Dropout.Apply(values, Probability, training: false));
    }
}
