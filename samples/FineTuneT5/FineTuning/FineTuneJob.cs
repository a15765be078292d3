using System.Diagnostics;
using SamSharp.Distributed;
using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Training;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Performs the runs of a request, one per seed.</summary>
public static class FineTuneJob
{
    /// <summary>Runs the request in this process, or as one of those that mpirun has started. The first prints and writes.</summary>
    public static void Run(FineTuneRequest request, CancellationToken cancellation) => Run(request, "T5", RunSetup.Finder, cancellation);

    /// <inheritdoc cref="Run(FineTuneRequest, CancellationToken)"/>
    /// <param name="kind">The kind of model, for titles.</param>
    /// <param name="findKit">Finds the model that the request names.</param>
    public static void Run(
        FineTuneRequest request, string kind, Func<RunRequest, CancellationToken, KitFinder> findKit, CancellationToken cancellation)
    {
        using var group = MpiGroup.Init();
        try
        {
            if (!group.IsFirst)
                Console.SetOut(TextWriter.Null);
            Run(request, kind, findKit, group, cancellation);
        }
        catch (OperationCanceledException stopped) when (cancellation.IsCancellationRequested)
        {
            throw new StoppedException(stopped.Message, request.Run.Output, stopped) { Processes = group.Size };
        }
        catch (Exception exception) when (group.Size > 1 && exception is not OperationCanceledException)
        {
            group.Abort(exception.Message); // the others would wait for this process
            throw;
        }
    }

    private static void Run(FineTuneRequest request, string kind, Func<RunRequest, CancellationToken, KitFinder> findKit, MpiGroup group,
        CancellationToken cancellation)
    {
        if (group.Size > 1)
        {
            request = request with { Run = request.Run with { Device = Devices.OfProcess(request.Run.Device, group.LocalRank) } };
            if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null)
                TorchSharp.torch.set_num_threads(Math.Max(1, Environment.ProcessorCount / group.LocalSize));
        }
        // Only the first looks whether the folder is free, before any writes to it, and fetches what is not here.
        var plan = group.IsFirst ? request : request with { Run = request.Run with { Resume = true } };
        var runs = RunPlan.Of(plan);
        if (!group.IsFirst)
            group.Barrier();
        Landscape[] beside = [.. group.IsFirst ? request.LandscapeBeside.Select(Landscape.LoadBeside) : []]; // before hours of training
        var inputs = FineTuneInputs.Load(request, findKit, cancellation);
        using var folderLock = group.IsFirst ? Lock(plan, runs) : null;
        if (group.IsFirst)
            group.Barrier();
        Console.WriteLine(
            string.Concat(inputs.Tasks.Select(rows =>
                $"{rows.Task.Name}: {request.RowCount(rows.Train.Count)} of {rows.Train.Count} training rows, {rows.Dev.Count} dev rows; ")) +
            $"model {request.Run.Model}, {inputs.Kit.ParameterCount / 1e6:N1} M weights, on {request.Run.Device}" +
            (group.Size > 1 ? $", {group.Size} processes ({group.Library.Split(',', '\n')[0].Trim()})." : "."));

        var results = new List<RunResult>();
        foreach (var run in runs)
        {
            var title = runs.Count == 1 ? run.Name : $"{run.Name}, run {results.Count + 1} of {runs.Count}";
            var training = new FineTuneRun(request, inputs, run, group);
            if (!group.IsFirst)
                training.Execute(null, cancellation);
            else
                results.Add(ConsoleProgress.Show(title, observer => training.Execute(observer, cancellation))!);
        }
        if (!group.IsFirst)
            return;

        AnsiConsole.Write(ResultTable.Of(results));
        Console.WriteLine($"Peak memory of the process: {PeakMegabytes():N0} MB.");
        var curves = runs.Select(run => new RunCurve(run.Name, MetricsLog.Read(TrainingFolder.MetricsOf(run.Folder))));
        var plot = Path.GetFullPath(Path.Combine(request.Run.Output, "runs.png"));
        RunPlot.Save(plot, $"{kind} {request.Run.Model} on {inputs.Name}", inputs.MainMetric, [.. curves]);
        foreach (var run in runs)
            Console.WriteLine($"Model: {Path.GetFullPath(Path.Combine(run.Folder, "model"))}");
        Console.WriteLine($"Plot:  {plot}");
        if (request.Landscape)
        {
            var landscape = Path.GetFullPath(Path.Combine(request.Run.Output, "landscape.png"));
            var plane = Path.GetFullPath(Path.Combine(request.Run.Output, "plane.png"));
            Landscape[] landscapes = [.. beside, .. runs.Select(run => Landscape.Load(run.LandscapeFile))];
            LandscapePlot.Save(landscape, $"{kind} {request.Run.Model} on {inputs.Name}", landscapes);
            PlanePlot.Save(plane, $"{kind} {request.Run.Model} on {inputs.Name}", landscapes);
            Console.WriteLine($"Loss around the weights: {landscape}");
            Console.WriteLine($"Loss over a plane:       {plane}");
        }
    }

    private static double PeakMegabytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1e6;
    }

    // Another process may have begun a run there since the plan was made.
    private static IDisposable Lock(FineTuneRequest request, IReadOnlyList<RunPlan> runs)
    {
        var held = RunFolder.Lock([request.Run.Output, .. runs.Select(run => run.Folder)]);
        try
        {
            _ = RunPlan.Of(request);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }
}
