using SamSharp.Optimizers;

namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class GapTests
{
    private const string Text = "some random text of no meaning";

    [Fact]
    public void Every_ascent_raises_the_loss_of_the_text()
    {
        var weights = Gap.Create(seed: 3);
        var losses = new List<double> { Gap.Loss(weights, Text).ReadDouble() };
        Gap.Ascend(weights, () => Gap.Loss(weights, Text), passes: 8, rate: 1e-3, _ => losses.Add(Gap.Loss(weights, Text).ReadDouble()));
        Assert.Equal(9, losses.Count);
        Assert.All(losses.Zip(losses.Skip(1)), pair => Assert.True(pair.Second > pair.First, string.Join(", ", losses)));
    }

    /// <summary>The rule of the authors: the loss times -1, minimized by Adam.</summary>
    [Fact]
    public void It_is_Adam_on_the_negative_loss()
    {
        var (up, down) = (Gap.Create(seed: 3), Gap.Create(seed: 3));
        Gap.Ascend(up, () => Gap.Loss(up, Text), passes: 7, rate: 1e-3);
        using var adam = new FusedAdam(down, 1e-3);
        for (var pass = 0; pass < 7; pass++)
        {
            adam.zero_grad();
            Gap.Loss(down, Text).neg().backward();
            adam.step();
        }
        foreach (var (expected, actual) in down.Zip(up)) Assert.True(expected.allclose(actual, rtol: 1e-12));
    }
}
