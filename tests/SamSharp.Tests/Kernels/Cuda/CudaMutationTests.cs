using System.Text;
using System.Text.RegularExpressions;
using SamSharp.Kernels.Cuda;
using SamSharp.Tests.Kernels.Ptx;
using Xunit.Abstractions;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>
/// What the tests of the kernels are worth: the PTX that is shipped is broken in one place at a time, and each time the test at first use of a device
/// finds other numbers, or the device of the tests something that a GPU would not run. Every tenth place is tried; all of them with
/// SAMSHARP_ALL_MUTANTS=1.
/// </summary>
[TensorScope]
public partial class CudaMutationTests(ITestOutputHelper output)
{
    private static readonly Lazy<string> Shipped = new(() =>
    {
        using var stream = typeof(CudaDriver).Assembly.GetManifestResourceStream("UpdateKernels.ptx")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    });

    private static int Stride => Environment.GetEnvironmentVariable("SAMSHARP_ALL_MUTANTS") == "1" ? 1 : 10;

    public static TheoryData<string> Kernels() => [.. PtxKernel.Texts(Shipped.Value).Keys];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_that_is_broken_anywhere_is_found(string name)
    {
        using var scope = NewDisposeScope();
        var (kernel, type) = Split(name);
        var text = PtxKernel.Texts(Shipped.Value)[name];
        var lines = text.Split('\n');
        var (mutants, tried, survivors) = (0, 0, new List<string>());
        for (var i = 0; i < lines.Length; i++)
        {
            foreach (var (how, line) in Mutants(lines, i))
            {
                if (mutants++ % Stride != 0) continue;
                tried++;
                string[] changed = [.. lines[..i], line, .. lines[(i + 1)..]];
                if (Verdict(name, kernel, type, string.Join('\n', changed)) is null) survivors.Add($"line {i + 1}, {how}: {lines[i].Trim()}");
            }
        }
        output.WriteLine($"{name}: {tried} of {mutants} mutants tried, {survivors.Count} not found");
        Assert.True(survivors.Count == 0, string.Join('\n', survivors));
        Assert.Null(Verdict(name, kernel, type, text));
        Assert.True(tried > 0);
    }

    /// <summary>What is found; null if nothing is.</summary>
    private static string? Verdict(string name, Kernel kernel, ElementType type, string text)
    {
        var module = Shipped.Value;
        var start = module.IndexOf($".visible .entry {name}(", StringComparison.Ordinal) + ".visible .entry ".Length;
        var end = module.IndexOf(".visible .entry ", start, StringComparison.Ordinal);
        var driver = new PtxDriver { Edit = _ => module[..start] + text + (end < 0 ? "" : module[end..]) };
        var kernels = PtxDevice.Kernels(driver);
        try
        {
            var difference = CudaSelfTest.Run(kernels, CPU, type, kernel);
            return kernels.Status.Contains("not used, since", StringComparison.Ordinal) ? kernels.Status : difference;
        }
        catch (PtxException e)
        {
            return e.Message;
        }
    }

    private static IEnumerable<(string How, string Line)> Mutants(string[] lines, int i)
    {
        var line = lines[i];
        foreach (var (right, wrong) in new[] { ("mul.rn", "add.rn"), ("add.rn", "sub.rn") })
        {
            var broken = line.Replace(right, wrong, StringComparison.Ordinal);
            if (broken != line) yield return ($"{wrong} for {right}", broken);
        }
        // Nothing follows the last barrier, and before the one before it the first thread has written the sum that it reads itself after.
        if (IsBarrier(line) && lines[i..].Count(IsBarrier) > 2) yield return ("no barrier", "");
        if (Access().Match(line) is not { Success: true } match) yield break;
        var (before, place, offset, after) = (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value, match.Groups[4].Value);
        yield return ("an address off by 2", $"{before}[{place}+{Offset(offset) + 2}]{after}");
    }

    private static bool IsBarrier(string line) => line.Contains("bar.sync", StringComparison.Ordinal);

    private static int Offset(string text) => text.Length == 0 ? 0 : int.Parse(text[1..], System.Globalization.CultureInfo.InvariantCulture);

    private static (Kernel, ElementType) Split(string name)
    {
        var at = name.LastIndexOf('_');
        return (Enum.Parse<Kernel>(name[..at].Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            Enum.Parse<ElementType>(name[(at + 1)..], ignoreCase: true));
    }

    [GeneratedRegex(@"^(\s*(?:ld|st)\.[^\[]*)\[([%\w]+)(\+-?\d+)?\](.*)$")]
    private static partial Regex Access();
}
