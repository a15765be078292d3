using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Losses that are climbed in place of the one that is minimized, and divergences.</summary>
[TensorScope]
public class ObjectiveTests
{
    private static Tensor Labels => tensor(new long[] { 1, 0 });

    private static Tensor Logits => tensor(new[] { 0.3, -0.2, 1.1, 2.0, 0.5, -1.0 }, [2, 3]);

    [Fact]
    public void The_bound_is_the_formula()
    {
        // By hand: margins of the first example (0.5, 0, 1.3), of the second (0, -1.5, -3).
        double[][] margins = [[0.5, 0, 1.3], [0, -1.5, -3]];
        var c = Math.Log(Math.E - 1);
        double Bound(double mu, Func<double, double> phi) => margins.Average(m => Math.Log(m.Sum(x => Math.Exp(mu * phi(x)))) / mu);
        Assert.Equal(Bound(1, x => 1 - Math.Log(1 + Math.Exp(c - x))), Objectives.MisclassificationLog(Logits, Labels).item<double>(), 12);
        Assert.Equal(Bound(3, x => 1 - Math.Log(1 + Math.Exp(c - x))), Objectives.MisclassificationLog(Logits, Labels, mu: 3).item<double>(), 12);
        Assert.Equal(Bound(10, x => Math.Tanh(0.1 * x)), Objectives.MisclassificationTanh(Logits, Labels).item<double>(), 12);
    }

    [Fact]
    public void The_bound_of_far_away_logits_is_finite()
    {
        using var logits = Logits.Times(1e4).requires_grad_();
        Objectives.MisclassificationLog(logits, Labels).backward();
        Assert.True(logits.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void Without_gamma_forgetting_goes_from_the_label_to_uniform()
    {
        const double u = 1.0 / 3;
        Close.To([u, u - 1, u, u - 1, u, u], Objectives.ForgettingDirection(Logits, Labels, gamma: 0).data<double>().ToArray(), 1e-12);
    }

    [Fact]
    public void Forgetting_is_the_formula_and_is_the_objectives_gradient()
    {
        var expected = new List<double>();
        foreach (var (z, y) in new[] { (new[] { 0.3, -0.2, 1.1 }, 1), (new[] { 2.0, 0.5, -1.0 }, 0) })
        {
            var p = z.Select(x => Math.Exp(x) / z.Sum(Math.Exp)).ToArray();
            var a = 0.5 * Math.Max(0, (1 - (1.0 / 3 / p[y])) / (1 - (1.0 / 3)));
            for (var j = 0; j < 3; j++) expected.Add((1.0 / 3) - ((a * p[j]) + ((1 - a) * (j == y ? 1 : 0))));
        }
        Assert.Contains(expected, x => Math.Abs(x - (1.0 / 3)) > 1e-3 && x > 0); // the second example's a is not 0
        using var direction = Objectives.ForgettingDirection(Logits, Labels, gamma: 0.5);
        Close.To(expected.ToArray(), direction.data<double>().ToArray(), 1e-12);
        Close.To([0.0, 0.0], direction.sum(1).data<double>().ToArray(), 1e-12);

        using var logits = Logits.requires_grad_();
        Objectives.Forgetting(logits, Labels, gamma: 0.5).backward();
        Close.To(expected.Select(x => x / 2).ToArray(), logits.grad!.data<double>().ToArray(), 1e-12);
    }

    [Fact]
    public void Divergences_are_the_formulas()
    {
        double[] Softmax(double[] z) => z.Select(x => Math.Exp(x) / z.Sum(Math.Exp)).ToArray();
        double Kl(double[] p, double[] q) => p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
        using var target = tensor(new[] { 0.0, 0.4, 1.0, 1.5, 0.5, -0.5 }, [2, 3]);
        var pairs = new[] { (Softmax([0.3, -0.2, 1.1]), Softmax([0.0, 0.4, 1.0])), (Softmax([2.0, 0.5, -1.0]), Softmax([1.5, 0.5, -0.5])) };
        Assert.Equal(pairs.Average(p => Kl(p.Item2, p.Item1)), Objectives.ForwardKl(Logits, target).item<double>(), 12);
        Assert.Equal(pairs.Average(p => Kl(p.Item1, p.Item2)), Objectives.ReverseKl(Logits, target).item<double>(), 12);
        Assert.Equal(pairs.Average(p => Kl(p.Item1, p.Item2) + Kl(p.Item2, p.Item1)), Objectives.SymmetricKl(Logits, target).item<double>(), 12);
        Assert.Equal((0.09 + 0.36 + 0.01 + 0.25 + 0 + 0.25) / 2, Objectives.SquaredDistance(Logits, target).item<double>(), 12);
        Assert.Equal(0, Objectives.ForwardKl(Logits, Logits).item<double>(), 12);
    }

    [Fact]
    public void Shapes_and_numbers_are_checked()
    {
        using var three = tensor(new long[] { 0, 1, 2 });
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => Objectives.MisclassificationLog(Logits, three)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Objectives.Forgetting(Logits, three));
        Assert.Throws<ArgumentException>(() => Objectives.Forgetting(ones(2, 1), Labels));
        Assert.Throws<ArgumentOutOfRangeException>(() => Objectives.Forgetting(Logits, Labels, gamma: 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Objectives.MisclassificationTanh(Logits, Labels, mu: 0));
        Assert.Throws<ArgumentException>(() => Objectives.ForwardKl(Logits, ones(2, 2)));
    }
}
