using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace SamSharp.Benchmarks.Updates;

/// <summary>How many times as long as memcpy of the bytes that must be moved at least, measured in the same run with the same parameters.</summary>
internal sealed class FloorColumn : IColumn
{
    public string Id => nameof(FloorColumn);

    public string ColumnName => "/ floor";

    public string Legend => "Median time as a multiple of the floor's: memcpy that moves the bytes which the update must move at least";

    public bool AlwaysShow => false;

    public ColumnCategory Category => ColumnCategory.Baseline;

    public int PriorityInCategory => 1;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(IsFloor);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        var floor = summary.BenchmarksCases.FirstOrDefault(other =>
            IsFloor(other) && other.Parameters.DisplayInfo == benchmarkCase.Parameters.DisplayInfo);
        return Median(benchmarkCase) is { } mine && floor is not null && Median(floor) is { } least
            ? (mine / least).ToString("0.00", CultureInfo.InvariantCulture)
            : "?";

        double? Median(BenchmarkCase which) => summary[which]?.ResultStatistics?.Median;
    }

    private static bool IsFloor(BenchmarkCase benchmarkCase) => benchmarkCase.Descriptor.WorkloadMethod.Name == nameof(UpdateBenchmarkBase.Floor);
}
