namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Which evaluation was the best so far, read off the metrics alone, so that a resumed run knows it too.</summary>
public static class BestEvaluation
{
    private const string Split = "dev";

    /// <summary>The first of the best evaluations by a metric: the lowest for a loss, the highest for any other; null before the first.</summary>
    /// <exception cref="ArgumentException">The evaluations do not have that metric.</exception>
    public static MetricsRecord? Of(IEnumerable<MetricsRecord> records, string metric)
    {
        MetricsRecord? best = null;
        foreach (var record in records.Where(record => record.Split == Split))
        {
            if (!record.Values.TryGetValue(metric, out var value))
                throw new ArgumentException(
                    $"There is no metric '{metric}' to choose by; the evaluations have {string.Join(", ", record.Values.Keys)}.");
            if (!double.IsNaN(value) && (best is null || IsBetter(metric, value, best.Values[metric])))
                best = record;
        }
        return best;
    }

    /// <summary>How many evaluations there were since the best.</summary>
    public static int Since(IReadOnlyList<MetricsRecord> records, string metric)
    {
        var best = Of(records, metric);
        return records.Count(record => record.Split == Split && (best is null || record.Step > best.Step));
    }

    private static bool IsBetter(string metric, double value, double than) =>
        metric == "loss" || metric.EndsWith("/loss", StringComparison.Ordinal) ? value < than : value > than;
}
