using System.Diagnostics;
using SamSharp.Samples.T5.Monitoring;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Shows the progress of a run: a bar on a terminal, otherwise a line every few seconds. Held-out metrics are JSON lines in both.</summary>
public sealed class ConsoleProgress : ITrainingObserver
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private readonly string _title;
    private readonly ProgressTask? _bar;
    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();

    private ConsoleProgress(string title, ProgressTask? bar) => (_title, _bar) = (title, bar);

    /// <summary>Whether standard output is a terminal that a bar can move on.</summary>
    internal static bool IsInteractive => AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected;

    public static T Show<T>(string title, Func<ITrainingObserver, T> run)
    {
        if (!IsInteractive)
        {
            Console.WriteLine($"{title}:");
            return run(new ConsoleProgress(title, null));
        }
        return AnsiConsole.Progress()
            .Columns(new ProgressBarColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => run(new ConsoleProgress(title, context.AddTask(Markup.Escape(title)))));
    }

    public void OnStep(TrainingProgress progress)
    {
        if (_bar is not null)
        {
            _bar.MaxValue = progress.TotalSteps;
            _bar.Value = progress.Step;
            _bar.Description = Markup.Escape($"{_title}: {Describe(progress)}");
        }
        else if (_sinceLine.Elapsed >= LineEvery || progress.Step == progress.TotalSteps)
        {
            Console.WriteLine($"  {Describe(progress)}");
            _sinceLine.Restart();
        }
    }

    public void OnMetrics(MetricsRecord record)
    {
        // Losses and numbers of single steps appear in the progress line and the plots.
        if (record.Split == "step" || (record.Split == "train" && !record.Values.ContainsKey("sharpness")))
            return;
        if (_bar is null)
            Console.WriteLine(record.ToJson());
        else
            AnsiConsole.WriteLine(record.ToJson());
    }

    private static string Describe(TrainingProgress progress)
    {
        var loss = double.IsNaN(progress.Loss) ? "" : $"  loss {progress.Loss:F4}";
        return $"step {progress.Step}/{progress.TotalSteps}{loss}  {progress.SequencesPerSecond:F0} sequences/s  " +
            $"{Duration.Text(progress.TimeLeft)} left";
    }
}
