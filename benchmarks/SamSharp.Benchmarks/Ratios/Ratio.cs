using System.Globalization;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>A measured ratio, and the most that it should be; without a goal it is there to know.</summary>
internal sealed record Ratio(string What, double Value, double? Goal)
{
    public bool FallsShort => !(Value <= (Goal ?? double.MaxValue));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{What,-78} {Value,8:0.00}  {(Goal is { } goal ? $"goal {goal,6:0.00}  {(FallsShort ? "FALLS SHORT" : "ok")}" : "")}").TrimEnd();
}
