using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Training;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Performs the runs of a request, one per seed.</summary>
public static class FineTuneJob
{
    public static void Run(FineTuneRequest request, CancellationToken cancellation) => Run(request, "T5", RunSetup.Finder, cancellation);

    /// <param name="kind">The kind of model, for titles.</param>
    /// <param name="findKit">Finds the model that the request names.</param>
    public static void Run(
        FineTuneRequest request, string kind, Func<RunRequest, CancellationToken, KitFinder> findKit, CancellationToken cancellation)
    {
        var runs = RunPlan.Of(request);
        var inputs = FineTuneInputs.Load(request, findKit, cancellation);
        Console.WriteLine(
            string.Concat(inputs.Tasks.Select(rows =>
                $"{rows.Task.Name}: {request.RowCount(rows.Train.Count)} of {rows.Train.Count} training rows, {rows.Dev.Count} dev rows; ")) +
            $"model {request.Run.Model}, {inputs.Kit.ParameterCount / 1e6:N1} M weights, on {request.Run.Device}.");

        var results = new List<RunResult>();
        foreach (var run in runs)
        {
            var title = runs.Count == 1 ? run.Name : $"{run.Name}, run {results.Count + 1} of {runs.Count}";
            results.Add(ConsoleProgress.Show(title, observer => new FineTuneRun(request, inputs, run).Execute(observer, cancellation)));
        }

        AnsiConsole.Write(ResultTable.Of(results));
        var curves = runs.Select(run => new RunCurve(run.Name, MetricsLog.Read(TrainingFolder.MetricsOf(run.Folder))));
        var plot = Path.GetFullPath(Path.Combine(request.Run.Output, "runs.png"));
        RunPlot.Save(plot, $"{kind} {request.Run.Model} on {inputs.Name}", inputs.MainMetric, [.. curves]);
        foreach (var run in runs)
            Console.WriteLine($"Model: {Path.GetFullPath(Path.Combine(run.Folder, "model"))}");
        Console.WriteLine($"Plot:  {plot}");
        if (request.Landscape)
        {
            var landscape = Path.GetFullPath(Path.Combine(request.Run.Output, "landscape.png"));
            LandscapePlot.Save(landscape, $"{kind} {request.Run.Model} on {inputs.Name}", [.. runs.Select(run => Landscape.Load(run.LandscapeFile))]);
            Console.WriteLine($"Loss around the weights: {landscape}");
        }
    }
}
