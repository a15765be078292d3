using System.Text.Json;
using SamSharp.Analysis;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

[TensorScope]
public class ReportTests
{
    [Fact]
    public void The_default_report_holds_each_kind_of_measure()
    {
        using var bowl = new Bowl();
        var report = SharpnessReport.Measure(bowl, bowl.Loss, new SharpnessOptions { Rho = 0.1 }, rows: 12);
        double Of(string name) => report.Measurements.Single(m => m.Name == name).Value;
        Assert.Equal(1, report.Loss, 12);
        Assert.Equal((12, 2), (report.Rows, report.Dimension));
        Assert.Equal(0.188739102, Of("one step, L2"), 8);
        Assert.Equal(0.188833015, Of("worst case, L2"), 6);
        Assert.Equal(3 + Math.Sqrt(2), Of("largest eigenvalue of H"), 9);
        Assert.Equal(3 - Math.Sqrt(2), Of("smallest eigenvalue of H"), 9);
        Assert.InRange(Of("trace of H"), 4, 8);
        Assert.Null(report.Spectrum);
        Assert.All(report.Measurements, m => Assert.Equal(12, m.Rows));
    }

    [Fact]
    public void It_prints_as_a_table()
    {
        using var bowl = new Bowl();
        var text = SharpnessReport.Measure(bowl, bowl.Loss,
            new SharpnessOptions { Measures = [new OneStepSharpness(new Ball(0.1)), new HessianExtremes()] }).ToString();
        var lines = text.Split(Environment.NewLine);
        Assert.Equal("loss 1, 2 weights", lines[0]);
        Assert.Equal(5, lines.Length);
        Assert.StartsWith("one step, L2              0.188739", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("Lanczos, 2 steps", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void It_comes_back_from_json_as_it_was()
    {
        using var problem = new Problem();
        LossBatch Batch(int step) => new(() => problem.Loss(Problem.Batch(problem.X, step), Problem.Batch(problem.Y, step)), 8);
        var report = SharpnessReport.Measure(problem.Model, [Batch(0), Batch(1)], new SharpnessOptions { SpectrumStarts = 2 });
        report = report with { Measurements = [.. report.Measurements, new Measurement("not finite", double.PositiveInfinity, 3)] };
        var back = JsonSerializer.Deserialize<SharpnessReport>(JsonSerializer.Serialize(report))!;
        Assert.Equal(report.Measurements, back.Measurements);
        Assert.Equal(report.ToString(), back.ToString());
        Assert.Equal(report.Spectrum!.Values, back.Spectrum!.Values);
        Assert.Equal(report.Spectrum.Weights, back.Spectrum.Weights);
        Assert.Contains(report.Measurements, m => m.Name == "one step, L2, batch by batch");
    }

    [Fact]
    public void Slices_come_back_from_json_too()
    {
        var slice = new LossSlice([0, 1], [2, double.NaN]);
        var plane = new LossPlane([0, 1], [3], [[4], [double.PositiveInfinity]], 0.5);
        Assert.Equal(slice.Losses, JsonSerializer.Deserialize<LossSlice>(JsonSerializer.Serialize(slice))!.Losses);
        Assert.Equal(plane.Losses, JsonSerializer.Deserialize<LossPlane>(JsonSerializer.Serialize(plane))!.Losses);
    }
}
