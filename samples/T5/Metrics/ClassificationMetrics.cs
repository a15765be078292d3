namespace SamSharp.Samples.T5.Metrics;

/// <summary>Scores of predicted label words. A prediction outside the labels is always wrong.</summary>
public static class ClassificationMetrics
{
    /// <summary>The share of predictions that equal their target.</summary>
    public static double Accuracy(IReadOnlyList<string> predictions, IReadOnlyList<string> targets)
    {
        Paired.Check(predictions, targets);
        return predictions.Zip(targets).Count(pair => pair.First == pair.Second) / (double)targets.Count;
    }

    /// <summary>Matthews correlation coefficient, from -1 to 1; 0 if all predictions or all targets are equal.</summary>
    /// <remarks>
    /// Gorodkin's form (2004) for any number of classes, which for two classes is the usual one:
    /// (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2)), with c right ones of s, and class k predicted p_k times
    /// and true t_k times. Predictions outside the labels form one more class.
    /// </remarks>
    public static double Matthews(IReadOnlyList<string> predictions, IReadOnlyList<string> targets, IReadOnlyList<string> labels)
    {
        Paired.Check(predictions, targets);
        double right = predictions.Zip(targets).Count(pair => pair.First == pair.Second);
        double total = targets.Count;
        var outside = (double)predictions.Count(prediction => !labels.Contains(prediction));
        var (products, predictedSquares, targetSquares) = (0.0, outside * outside, 0.0);
        foreach (var label in labels)
        {
            double predicted = predictions.Count(prediction => prediction == label);
            double actual = targets.Count(target => target == label);
            products += predicted * actual;
            predictedSquares += predicted * predicted;
            targetSquares += actual * actual;
        }
        var scale = Math.Sqrt((total * total - predictedSquares) * (total * total - targetSquares));
        return scale == 0 ? 0 : (right * total - products) / scale;
    }

    /// <summary>F1 of one label: 2 tp / (2 tp + fp + fn); 0 if the label occurs neither as a target nor as a prediction.</summary>
    public static double F1(IReadOnlyList<string> predictions, IReadOnlyList<string> targets, string positive)
    {
        Paired.Check(predictions, targets);
        var truePositives = predictions.Zip(targets).Count(pair => pair.First == positive && pair.Second == positive);
        var either = predictions.Count(prediction => prediction == positive) + targets.Count(target => target == positive);
        return either == 0 ? 0 : 2.0 * truePositives / either;
    }

    /// <summary>
    /// F1 of the positive label of two, as T5 computes it: a prediction that is neither counts as the wrong label for its row.
    /// </summary>
    public static double BinaryF1(IReadOnlyList<string> predictions, IReadOnlyList<string> targets, string positive, string negative)
    {
        Paired.Check(predictions, targets);
        string[] decided =
        [
            .. predictions.Zip(targets, (prediction, target) =>
                prediction == positive || prediction == negative ? prediction : target == positive ? negative : positive),
        ];
        return F1(decided, targets, positive);
    }

    /// <summary>The share of groups in which every prediction equals its target.</summary>
    public static double GroupAccuracy(IReadOnlyList<string> predictions, IReadOnlyList<string> targets, IReadOnlyList<string> groups)
    {
        Paired.Check(predictions, targets);
        Paired.Check(predictions, groups);
        var rows = Enumerable.Range(0, targets.Count).GroupBy(row => groups[row]).ToList();
        return rows.Count(group => group.All(row => predictions[row] == targets[row])) / (double)rows.Count;
    }

    /// <summary>Mean F1 over the labels.</summary>
    public static double MacroF1(IReadOnlyList<string> predictions, IReadOnlyList<string> targets, IReadOnlyList<string> labels) =>
        labels.Average(label => F1(predictions, targets, label));
}
