namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Finds the best evaluation so far from the metrics alone, so a resumed run finds it too.</summary>
public static class BestEvaluation
{
    private const string Split = "dev";

    /// <summary>The best evaluation by a metric (lowest loss, highest score; the first of equals); null before the first evaluation.</summary>
    /// <exception cref="ArgumentException">The evaluations lack that metric.</exception>
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

    /// <summary>The number of evaluations since the best.</summary>
    public static int Since(IReadOnlyList<MetricsRecord> records, string metric)
    {
        var best = Of(records, metric);
        return records.Count(record => record.Split == Split && (best is null || record.Step > best.Step));
    }

    private static bool IsBetter(string metric, double value, double than) =>
        metric == "loss" || metric.EndsWith("/loss", StringComparison.Ordinal) ? value < than : value > than;
}
