using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace SamSharp.Samples.Quickstart.Tests;

public partial class QuickstartTests
{
    private const int Reports = 7;

    [Fact]
    public async Task The_loss_falls()
    {
        var lines = Line().Matches(await Run());
        double[] losses = [.. lines.Select(line => double.Parse(line.Groups["loss"].Value, CultureInfo.InvariantCulture))];
        Assert.Equal(Reports, losses.Length);
        Assert.True(losses[^1] < losses[0] / 10, $"The losses are {string.Join(", ", losses)}.");
    }

    private static async Task<string> Run()
    {
        var program = typeof(QuickstartTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "Quickstart").Value!;
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"; // numbers with a point
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, await error);
        return await output;
    }

    [GeneratedRegex(@"^step +\d+: loss (?<loss>\d+\.\d+), at the worst point nearby \d+\.\d+\r?$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
