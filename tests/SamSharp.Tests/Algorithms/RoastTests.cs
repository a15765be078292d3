using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Gates of gradients, and adversarial embeddings.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public sealed class RoastTests : IDisposable
{
    private readonly Problem _problem = new();

    public void Dispose() => _problem.Dispose();

    private SharpnessAwareOptimizer Wrap(SharpnessAwareOptions recipe) => optim.SGD(_problem.Parameters, 0.1).WithSharpnessAwareness(recipe);

    private double[] GradientOf(SharpnessAwareOptimizer optimizer, int step)
    {
        optimizer.Gradient(() => _problem.Backward(step)).Dispose();
        return _problem.Gradients().ReadAll<double>();
    }

    [Fact]
    public void Everything_passes_in_the_first_epoch_and_a_share_of_it_later()
    {
        using var plain = Wrap(Recipe.Sam(0));
        using var gated = Wrap(Recipe.Roast(3, alpha: 0.5, beta: 5));
        for (var t = 0; t < 3; t++) Assert.Equal(GradientOf(plain, t), GradientOf(gated, t));
        var (whole, passed) = (GradientOf(plain, 3), GradientOf(gated, 3));
        Assert.InRange(passed.Count(x => x == 0), whole.Length / 5, 4 * whole.Length / 5);
        // What passes is divided by its probability, which is below 1.
        Assert.All(whole.Zip(passed).Where(pair => pair.Second != 0), pair => Assert.True(pair.Second / pair.First > 1));
    }

    /// <summary>beta 0: every weight passes with probability one half.</summary>
    [Fact]
    public void Without_a_bias_the_mean_over_draws_is_the_gradient()
    {
        using var plain = Wrap(Recipe.Sam(0));
        var whole = GradientOf(plain, 0);
        var mean = new double[whole.Length];
        const int Draws = 400;
        for (var seed = 0; seed < Draws; seed++)
        {
            using var gated = Wrap(Recipe.Roast(2, beta: 0, seed: seed));
            gated.MeasureFisherGate([() => _problem.Backward(0), () => _problem.Backward(1)]);
            var passed = GradientOf(gated, 0);
            for (var i = 0; i < mean.Length; i++) mean[i] += passed[i] / Draws;
        }
        Assert.InRange(mean.Zip(whole, (a, b) => a * b).Sum() / whole.Sum(x => x * x), 0.95, 1.05);
    }

    /// <summary>A sharp gate at rank one half lets through exactly the larger half of the mean squares.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_larger_half_passes_a_sharp_gate(bool readsNextBatch)
    {
        using var gated = Wrap(Recipe.Roast(2, alpha: 0.5, beta: 1e6, unbiased: false));
        // A closure may be the same for all batches, and read the next one each time.
        var next = 0;
        Func<Tensor> read = () => _problem.Backward(next++);
        gated.MeasureFisherGate(readsNextBatch ? [read, read] : [() => _problem.Backward(0), () => _problem.Backward(1)]);
        using var plain = Wrap(Recipe.Sam(0));
        var squares = GradientOf(plain, 1).Select(x => x * x).ToArray(); // the first batch is left out
        var (whole, passed) = (GradientOf(plain, 2), GradientOf(gated, 2));
        var median = squares.Order().ElementAt(squares.Length / 2);
        for (var i = 0; i < whole.Length; i++) Assert.Equal(squares[i] >= median ? whole[i] : 0, passed[i]);
    }

    [Fact]
    public void The_squares_of_an_epoch_are_forgotten_at_its_end()
    {
        using var gated = Wrap(Recipe.Roast(3));
        bool HasSquares() => gated.Memory.Of(gated.Options.Combiner).Find("squares", gated.Parameters[0]) is not null;
        var seen = new List<bool>();
        for (var t = 0; t < 6; t++)
        {
            gated.Step(() => _problem.Backward(t)).Dispose();
            seen.Add(HasSquares());
        }
        Assert.Equal([false, true, false, false, true, false], seen);
    }

    [Fact]
    public void Parameters_that_are_not_gated_pass_whole()
    {
        using var plain = Wrap(Recipe.Sam(0));
        using var gated = Wrap(Recipe.Roast(2, alpha: 0.5, gates: slot => slot.Index > 0));
        gated.MeasureFisherGate([() => _problem.Backward(0), () => _problem.Backward(1)]);
        var (whole, passed) = (GradientOf(plain, 2), GradientOf(gated, 2));
        var first = (int)_problem.Parameters.First().numel();
        Assert.Equal(whole[..first], passed[..first]);
        Assert.NotEqual(whole[first..], passed[first..]);
    }

    /// <summary>The gate sees g+ of a sharpness-aware recipe.</summary>
    [Fact]
    public void It_gates_sam_s_gradient_too()
    {
        using var sam = Wrap(Recipe.Sam(0.1));
        using var gated = Wrap(Recipe.Sam(0.1) with { Combiner = Recipe.Roast(2, alpha: 0.5, unbiased: false).Combiner });
        gated.MeasureFisherGate([() => _problem.Backward(0), () => _problem.Backward(1)]);
        var (whole, passed) = (GradientOf(sam, 2), GradientOf(gated, 2));
        Assert.All(whole.Zip(passed), pair => Assert.True(pair.Second == 0 || pair.Second == pair.First));
        Assert.Contains(0, passed);
        Assert.Contains(passed, x => x != 0);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var sam = Wrap(Recipe.Sam());
        Assert.Throws<InvalidOperationException>(() => sam.MeasureFisherGate([() => _problem.Backward(), () => _problem.Backward()]));
        using var gated = Wrap(Recipe.Roast(2));
        Assert.Throws<ArgumentException>(() => gated.MeasureFisherGate([() => _problem.Backward()]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.Roast(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.Roast(2, alpha: 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.Roast(2, beta: -1));
    }

    /// <summary>L = sum of s x: the gradient of each token is s, whose largest component becomes the radius.</summary>
    [Fact]
    public void Embeddings_move_by_the_radius_in_each_token()
    {
        var embeddings = tensor(new double[] { 1, 2, 3, 4, 5, 6 }, [1, 3, 2]);
        var slopes = tensor(new double[] { 2, -1, 0.5, 0.25, 0, 0 }, [1, 3, 2]);
        var moved = Objectives.AdversarialEmbeddings(embeddings, x => (x * slopes).sum(), radius: 0.1, noise: 0);
        Close.To([1.1, 1.95, 3.1, 4.05, 5, 6], moved.ReadAll<double>(), 1e-8);
        Assert.False(moved.requires_grad);
        var noisy = Objectives.AdversarialEmbeddings(embeddings, x => (x * slopes).sum(), radius: 0, noise: 1e-3).sub(embeddings).ReadAll<double>();
        Assert.All(noisy, shift => Assert.InRange(shift, 0, 1e-3));
        Assert.Throws<InvalidOperationException>(() => Objectives.AdversarialEmbeddings(embeddings, _ => ones(1, float64)));
    }

    [Fact]
    public void The_adversarial_direction_leaves_the_parameters_gradients()
    {
        var weight = new Parameter(ones(2, float64));
        Objectives.AdversarialEmbeddings(ones([1, 2], float64), x => (x * weight).sum());
        Assert.Null(weight.grad);
    }

    [Fact]
    public void The_loss_is_half_of_each_and_the_divergence_of_both()
    {
        Tensor logits = randn([4, 3], float64), other = randn([4, 3], float64), labels = tensor(new long[] { 0, 1, 2, 1 });
        double Loss(Tensor x, double weight) => Objectives.AdversarialLoss(logits, x, labels, weight).item<double>();
        double Entropy(Tensor x) => nn.functional.cross_entropy(x, labels).item<double>();
        Assert.Equal(Entropy(logits), Loss(logits, 5), 12);
        Assert.Equal((Entropy(logits) + Entropy(other)) / 2, Loss(other, 0), 12);
        Assert.Equal(Loss(other, 0) + (0.5 * Objectives.SymmetricKl(other, logits).item<double>()), Loss(other, 0.5), 12);
    }
}
