namespace SamSharp.Samples.Encoders.Evaluation;

/// <summary>
/// Temperature scaling (Guo et al., 2017): scores divided by one number that minimizes the loss on rows that were not trained on. It changes
/// how sure a model is and none of its predictions, so losses and calibration of models can be compared that differ in confidence.
/// </summary>
public static class Temperature
{
    private const double Lowest = 0.05, Highest = 20, Precision = 1e-4;

    /// <summary>The temperature of the smallest mean loss, from 0.05 to 20.</summary>
    /// <param name="logProbabilities">Of the classes, for each row.</param>
    /// <param name="labels">Each row's class.</param>
    public static double Fit(IReadOnlyList<double[]> logProbabilities, IReadOnlyList<int> labels)
    {
        // The loss is convex in 1 / T, so a golden-section search of log T finds its only minimum.
        double Loss(double logarithm)
        {
            var temperature = Math.Exp(logarithm);
            return logProbabilities.Zip(labels).Average(row => -Scaled(row.First, temperature)[row.Second]);
        }
        var (low, high) = (Math.Log(Lowest), Math.Log(Highest));
        var golden = (Math.Sqrt(5) - 1) / 2;
        while (high - low > Precision)
        {
            var (left, right) = (high - (golden * (high - low)), low + (golden * (high - low)));
            if (Loss(left) <= Loss(right))
                high = right;
            else
                low = left;
        }
        return Math.Exp((low + high) / 2);
    }

    /// <summary>The logarithms of the probabilities at a temperature.</summary>
    public static double[] Scaled(IReadOnlyList<double> logProbabilities, double temperature)
    {
        var highest = logProbabilities.Max();
        var sum = Math.Log(logProbabilities.Sum(value => Math.Exp((value - highest) / temperature)));
        return [.. logProbabilities.Select(value => ((value - highest) / temperature) - sum)];
    }
}
