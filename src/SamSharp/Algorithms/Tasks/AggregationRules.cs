namespace SamSharp;

/// <summary>Coefficients of tasks' gradients, from the matrix of their inner products.</summary>
internal static class AggregationRules
{
    /// <summary>What the authors of CAGrad add to squares, and to the norm that divides.</summary>
    private const double Small = 1e-8;

    /// <summary>The share of the other tasks where the shortest combination is one gradient.</summary>
    private const double Kept = 0.001;

    private const double Rounding = 1e-12;

    public static double[] Mean(double[,] products) => [.. Enumerable.Repeat(1.0 / Count(products), Count(products))];

    public static double[] PcGrad(double[,] products)
    {
        var count = Count(products);
        var sum = new double[count];
        for (var task = 0; task < count; task++)
        {
            var own = new double[count];
            own[task] = 1;
            for (var step = 1; step < count; step++)
            {
                var other = (task + step) % count;
                var along = 0.0;
                for (var i = 0; i < count; i++) along += own[i] * products[i, other];
                if (along < 0) own[other] -= along / products[other, other];
            }
            for (var i = 0; i < count; i++) sum[i] += own[i];
        }
        return sum;
    }

    public static double[] Mgda(double[,] products)
    {
        var weights = SimplexMinimum.Find(Count(products), weights => Times(products, weights));
        var alone = Array.FindIndex(weights, weight => weight > 1 - Rounding);
        if (weights.Length == 1 || alone < 0) return weights;
        for (var i = 0; i < weights.Length; i++) weights[i] = i == alone ? 1 - Kept : Kept / (weights.Length - 1);
        return weights;
    }

    /// <summary>Solves, for the weights a_j of all tasks but the first, sum_j a_j &lt;g_1 - g_j, u_1 - u_i&gt; = &lt;g_1, u_1 - u_i&gt; for all i but
    /// the first, with u = g / |g|.</summary>
    public static double[] Imtl(double[,] products)
    {
        var others = Count(products) - 1;
        var system = new double[others, others + 1];
        double Along(int gradient, int task) => products[gradient, task] / Math.Sqrt(products[task, task]);
        double Difference(int gradient, int task) => Along(gradient, 0) - Along(gradient, task);
        for (var i = 0; i < others; i++)
        {
            for (var j = 0; j < others; j++) system[i, j] = Difference(0, i + 1) - Difference(j + 1, i + 1);
            system[i, others] = Difference(0, i + 1);
        }
        var solution = LinearSystem.Solve(system);
        return solution is null ? Mean(products) : [1 - solution.Sum(), .. solution];
    }

    /// <param name="products">The inner products.</param>
    /// <param name="c">The radius of the ball relative to the mean's norm.</param>
    /// <param name="weights">The weights of the tasks; null to find those of the minimum.</param>
    public static double[] CaGrad(double[,] products, double c, IReadOnlyList<double>? weights)
    {
        var count = Count(products);
        var mean = Times(products, Mean(products));
        var radius = (c * Math.Sqrt(mean.Average() + Small)) + Small;
        weights ??= SimplexMinimum.Find(count, weights =>
        {
            var slope = Times(products, weights);
            var length = Math.Sqrt(Dot(weights, slope) + Small);
            return [.. mean.Zip(slope, (toMean, own) => toMean + (radius * own / length))];
        });
        var norm = Math.Sqrt(Math.Max(Dot(weights, Times(products, weights)), 0));
        return [.. weights.Select(weight => ((1.0 / count) + (radius / (norm + Small) * weight)) / (1 + (c * c)))];
    }

    private static int Count(double[,] products) => products.GetLength(0);

    private static double Dot(IReadOnlyList<double> left, double[] right) => left.Zip(right, (a, b) => a * b).Sum();

    private static double[] Times(double[,] products, IReadOnlyList<double> weights) =>
        [.. Enumerable.Range(0, weights.Count).Select(i => Enumerable.Range(0, weights.Count).Sum(j => products[i, j] * weights[j]))];
}
