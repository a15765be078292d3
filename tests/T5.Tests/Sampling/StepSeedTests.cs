using SamSharp.Samples.T5.Sampling;
using SamSharp.Tests.Support;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Sampling;

[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class StepSeedTests
{
    [Fact]
    public void Seeds_of_near_runs_and_steps_do_not_repeat()
    {
        var seeds = from seed in Enumerable.Range(0, 30) from step in Enumerable.Range(-1, 100) select StepSeed.Of(seed, step);
        Assert.Equal(3000, seeds.Distinct().Count());
        Assert.All(seeds, seed => Assert.True(seed >= 0));
    }

    [Fact]
    public void Dropout_depends_on_seed_and_step_alone()
    {
        Assert.Equal(Mask(1, 10), Mask(1, 10));
        Assert.NotEqual(Mask(1, 10), Mask(1, 11));
        Assert.NotEqual(Mask(1, 10), Mask(2, 10));
    }

    private static float[] Mask(int seed, long step)
    {
        StepSeed.Apply(seed, step);
        using var dropped = nn.functional.dropout(ones(256), 0.5, training: true);
        return dropped.data<float>().ToArray();
    }
}
