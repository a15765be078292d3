using System.Globalization;

namespace SamSharp.Benchmarks.Racing;

/// <summary>A measured ratio, and the most that it should be; without a goal it is there to know.</summary>
internal sealed record Ratio(string What, double Value, double? Goal)
{
    public bool FallsShort => !(Value <= (Goal ?? double.MaxValue));

    /// <summary>Prints ratios, and how many goals they meet.</summary>
    /// <returns>The exit code: 0 if every goal is met, 1 if any is not.</returns>
    public static int Report(IReadOnlyCollection<Ratio> ratios)
    {
        foreach (var ratio in ratios) Console.WriteLine(ratio);
        var missed = ratios.Count(ratio => ratio.FallsShort);
        Console.WriteLine($"{ratios.Count(ratio => ratio.Goal is not null) - missed} goals met, {missed} missed");
        return missed == 0 ? 0 : 1;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{What,-78} {Value,8:0.00}  {(Goal is { } goal ? $"goal {goal,6:0.00}  {(FallsShort ? "FALLS SHORT" : "ok")}" : "")}").TrimEnd();
}
