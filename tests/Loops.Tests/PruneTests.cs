using TorchSharp.Modules;

namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class PruneTests
{
    [Fact]
    public void The_smallest_weights_of_all_matrices_go_and_biases_stay()
    {
        Parameter[] weights =
        [
            new(tensor(new[] { 0.1, -5, 3, -0.2 }, [2, 2])), new(tensor(new[] { 0.01, 0.02 })), new(tensor(new[] { 0.3, 7, -0.15, 1 }, [2, 2])),
        ];
        var cut = Prune.Cut(weights, 0.5);
        Assert.Equal([0, -5, 3, 0], cut[0].detach().ReadAll<double>());
        Assert.Equal([0.01, 0.02], cut[1].detach().ReadAll<double>());
        Assert.Equal([0, 7, 0, 1], cut[2].detach().ReadAll<double>().Select(Math.Abs));
        Assert.Equal(0.1, weights[0].detach().ReadAll<double>()[0]);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.33, 147)]
    [InlineData(0.9, 403)]
    public void As_many_zeros_as_asked_for(double share, long zeros)
    {
        var weights = SmallNetwork.Create(2, 64, 5, seed: 1); // 64 * 2 + 5 * 64 = 448 weights in matrices
        Assert.Equal(zeros, Prune.Zeros(Prune.Cut(weights, share)));
    }

    /// <summary>Flat and not, over five seeds, at nine weights of ten gone.</summary>
    [Fact]
    public void A_model_trained_flat_loses_less()
    {
        var (x, y) = Clusters.Balanced(1000, 5, seed: 99, spread: 0.45);
        double Accuracy(double rho) => Prune.Trained(rho).Average(weights => SmallNetwork.Accuracy(Prune.Cut(weights, 0.9), x, y));
        var (plain, flat) = (Accuracy(0), Accuracy(0.2));
        Assert.True(flat > plain, $"{flat} with SAM, {plain} without");
    }
}
