using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>What defines each way to make one gradient of several.</summary>
public class AggregationTests
{
    /// <summary>Three tasks, of which the first two conflict.</summary>
    private static readonly double[][] Gradients = [[1, 0.2, 0], [-0.6, 0.5, 0.3], [0.4, 2, -0.1]];

    [Fact]
    public void Mgda_is_the_shortest_combination()
    {
        var combination = Combine(Gradients, GradientAggregator.Mgda);
        var square = Dot(combination, combination);
        // At the minimum over the simplex no gradient has a smaller product with the combination than the combination itself.
        Assert.All(Gradients, gradient => Assert.True(Dot(gradient, combination) >= square - 1e-12));
        Assert.True(square < Gradients.Min(gradient => Dot(gradient, gradient)));
    }

    [Fact]
    public void Mgda_keeps_a_thousandth_of_the_others()
    {
        Same([0.999, 0.001], CoefficientsOf([[1, 0], [2, 0]], GradientAggregator.Mgda));
        Same([0.0005, 0.999, 0.0005], CoefficientsOf([[2, 0], [1, 0], [3, 0]], GradientAggregator.Mgda));
    }

    [Fact]
    public void Imtl_has_the_same_projection_on_every_gradient()
    {
        var combination = Combine(Gradients, GradientAggregator.Imtl);
        var projections = Gradients.Select(gradient => Dot(gradient, combination) / Math.Sqrt(Dot(gradient, gradient))).ToArray();
        Assert.All(projections, projection => Assert.Equal(projections[0], projection, 1e-12));
        Assert.Equal(1, CoefficientsOf(Gradients, GradientAggregator.Imtl).Sum(), 1e-12);
    }

    [Fact]
    public void Imtl_of_one_direction_is_the_mean() =>
        Same([0.5, 0.5], CoefficientsOf([[1, 0], [2, 0]], GradientAggregator.Imtl));

    [Fact]
    public void PcGrad_is_the_sum_where_nothing_conflicts_and_takes_out_what_does()
    {
        Same([1, 1], CoefficientsOf([[1, 0], [1, 1]], GradientAggregator.PcGrad));
        // <a, b> = -1: a + b / 2 and b + a.
        Same([2, 1.5], CoefficientsOf([[1, 0], [-1, 1]], GradientAggregator.PcGrad));
    }

    [Fact]
    public void CaGrad_without_a_ball_is_the_mean_and_with_one_helps_the_worst_off()
    {
        Assert.All(CoefficientsOf(Gradients, GradientAggregator.CaGrad(0)), coefficient => Assert.Equal(1 / 3.0, coefficient, 1e-6));
        double Worst(double[] combination) => Gradients.Min(gradient => Dot(gradient, combination));
        Assert.True(Worst(Combine(Gradients, GradientAggregator.CaGrad(0.5))) > Worst(Combine(Gradients, GradientAggregator.Mean)));
    }

    /// <summary>The minimum over the simplex, against a fine grid.</summary>
    [Fact]
    public void The_weights_of_CaGrad_are_those_of_the_minimum()
    {
        var products = Products(Gradients);
        double Value(double[] q)
        {
            double Form(double[] left, double[] right) =>
                Enumerable.Range(0, 3).Sum(i => Enumerable.Range(0, 3).Sum(j => left[i] * products[i, j] * right[j]));
            double[] mean = [1 / 3.0, 1 / 3.0, 1 / 3.0];
            return Form(q, mean) + (0.5 * Math.Sqrt(Form(mean, mean)) * Math.Sqrt(Form(q, q)));
        }
        double[] Slope(double[] q) => [.. Enumerable.Range(0, 3).Select(i =>
        {
            double[] up = [.. q], down = [.. q];
            (up[i], down[i]) = (up[i] + 1e-6, down[i] - 1e-6);
            return (Value(up) - Value(down)) / 2e-6;
        })];
        var found = Value(SimplexMinimum.Find(3, Slope));
        var least = Enumerable.Range(0, 201)
            .SelectMany(i => Enumerable.Range(0, 201 - i).Select(j => Value([i / 200.0, j / 200.0, (200 - i - j) / 200.0]))).Min();
        Assert.True(found <= least + 1e-9, $"{found} is above {least}");
        Assert.True(found > least - 1e-3);
    }

    private static void Same(double[] expected, IReadOnlyList<double> actual) => Close.To(expected, [.. actual], 1e-12);

    private static IReadOnlyList<double> CoefficientsOf(double[][] gradients, GradientAggregator aggregator) =>
        aggregator.CoefficientsOf(Products(gradients));

    private static double[] Combine(double[][] gradients, GradientAggregator aggregator)
    {
        var coefficients = CoefficientsOf(gradients, aggregator);
        return [.. Enumerable.Range(0, gradients[0].Length).Select(i => gradients.Zip(coefficients, (gradient, own) => own * gradient[i]).Sum())];
    }

    private static double[,] Products(double[][] gradients)
    {
        var products = new double[gradients.Length, gradients.Length];
        for (var i = 0; i < gradients.Length; i++)
        {
            for (var j = 0; j < gradients.Length; j++) products[i, j] = Dot(gradients[i], gradients[j]);
        }
        return products;
    }

    private static double Dot(double[] left, double[] right) => left.Zip(right, (a, b) => a * b).Sum();
}
