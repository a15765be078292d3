namespace SamSharp;

/// <summary>Makes one gradient from those of several tasks: a linear combination whose coefficients follow from the inner products alone. For
/// <see cref="OptimizerExtensions.TaskStep"/>.</summary>
public sealed class GradientAggregator
{
    private readonly Func<double[,], IReadOnlyList<double>> _coefficients;

    private GradientAggregator(Func<double[,], IReadOnlyList<double>> coefficients) => _coefficients = coefficients;

    /// <summary>The mean.</summary>
    public static GradientAggregator Mean { get; } = new(AggregationRules.Mean);

    /// <summary>PCGrad: the sum of the gradients, each less its part against every other one (Yu et al., "Gradient Surgery for Multi-Task Learning",
    /// 2020). The others are taken in the order of the tasks, starting behind the task itself; the paper takes them in random order, which
    /// matters from three tasks on.</summary>
    public static GradientAggregator PcGrad { get; } = new(AggregationRules.PcGrad);

    /// <summary>MGDA: the shortest convex combination (Desideri 2012; Sener, Koltun, "Multi-Task Learning as Multi-Objective Optimization", 2018).
    /// Where it is one gradient alone, the others keep a thousandth together, as in the authors' solver.</summary>
    public static GradientAggregator Mgda { get; } = new(AggregationRules.Mgda);

    /// <summary>IMTL-G: the combination with the same projection on every gradient (Liu et al., "Towards Impartial Multi-task Learning", 2021). The
    /// mean where there is none, as for gradients of one direction.</summary>
    public static GradientAggregator Imtl { get; } = new(AggregationRules.Imtl);

    /// <summary>CAGrad: the mean, turned within a ball around it so that the task that gains least gains most (Liu et al., "Conflict-Averse Gradient
    /// Descent for Multi-task Learning", 2021), divided by 1 + c^2. The minimum over the weights of the tasks is exact; the authors'
    /// solver stops early where gradients are small.</summary>
    /// <param name="c">The radius of the ball relative to the mean's norm, at least 0. Default 0.4 (VietHoang1512/FS-MTL).</param>
    public static GradientAggregator CaGrad(double c = 0.4)
    {
        Check.NonNegative(c);
        return new(products => AggregationRules.CaGrad(products, c, weights: null));
    }

    /// <summary>Your own rule.</summary>
    /// <param name="coefficients">Computes one coefficient per task from the matrix of the gradients' inner products.</param>
    public static GradientAggregator From(Func<double[,], IReadOnlyList<double>> coefficients)
    {
        ArgumentNullException.ThrowIfNull(coefficients);
        return new(coefficients);
    }

    /// <summary>One coefficient per task. Where an inner product is not finite it is the mean's, so that the final gradient is not finite
    /// either.</summary>
    /// <exception cref="InvalidOperationException">The rule gives another number of coefficients.</exception>
    internal IReadOnlyList<double> CoefficientsOf(double[,] products)
    {
        var count = products.GetLength(0);
        if (!products.Cast<double>().All(double.IsFinite)) return AggregationRules.Mean(products);
        var coefficients = _coefficients(products);
        return coefficients.Count == count ? coefficients : throw new InvalidOperationException(
            $"The rule gives {coefficients.Count} coefficients for {count} tasks.");
    }
}
