using System.CommandLine;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.FineTuneEncoder.Speed;
using SamSharp.Samples.FineTuneT5.CommandLine;
using Spectre.Console;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneEncoder.CommandLine;

/// <summary><c>speed</c>: how many rows a second a step takes, plain and sharpness-aware, beside onnxruntime's forward pass.</summary>
public static class SpeedCommand
{
    public static Command Create()
    {
        var model = Choice("--model", "The packaged model", PackagedModel.All[0].Name, PackagedModel.All.Select(packaged => packaged.Name));
        var batch = Number("--batch", "rows", 16, "Rows a step");
        var lengths = Numbers("--lengths", "ids", "Lengths of all rows in ids", 16, 64);
        var threads = Numbers("--threads", "threads", "Numbers of threads", 1, 2);
        var steps = Number("--steps", "steps", 9, "Measure so many steps, whose median counts, after two that do not");
        var command = new Command("speed", "Measures rows a second of a plain and a sharpness-aware step, beside onnxruntime's forward pass");
        foreach (var option in new Option[] { model, batch, lengths, threads, steps })
            command.Options.Add(option);
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            var measured = new SpeedMeasurement(
                PackagedModel.All.Single(packaged => packaged.Name == result.GetRequiredValue(model)),
                result.GetValue(batch), result.GetValue(steps));
            var rows = new List<string[]>();
            Console.WriteLine($"Measuring {result.GetRequiredValue(model)}:");
            foreach (var count in result.GetRequiredValue(threads))
            {
                foreach (var length in result.GetRequiredValue(lengths))
                {
                    Console.WriteLine($"  {count} threads, {length} ids in a row");
                    rows.AddRange(measured.At(length, count, cancellation));
                }
            }
            AnsiConsole.Write(measured.Table(rows).ToConsole());
            return ExitCode.Success;
        }, cancellation));
        return command;
    }
}
