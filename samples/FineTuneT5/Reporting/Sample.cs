namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Mean and standard deviation of a few values; the deviation of a single value is 0.</summary>
internal readonly record struct Sample(double Mean, double Deviation)
{
    public static Sample Of(IEnumerable<double> values)
    {
        var all = values.ToList();
        var mean = all.Average();
        return new(mean, all.Count == 1 ? 0 : Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Count - 1)));
    }
}
