using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>The metrics of a run over its steps.</summary>
public sealed record RunCurve(string Name, IReadOnlyList<MetricsRecord> Records)
{
    /// <summary>One metric of one split over the steps.</summary>
    public (double[] Steps, double[] Values) Of(string split, string metric)
    {
        var points = Records.Where(record => record.Split == split && record.Values.ContainsKey(metric)).ToList();
        return ([.. points.Select(record => (double)record.Step)], [.. points.Select(record => record.Values[metric])]);
    }
}
