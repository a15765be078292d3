using System.Diagnostics;
using SamSharp.Samples.FineTuneT5.Reporting;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>Shows how far a comparison has come: a bar on a terminal, a line a run elsewhere.</summary>
public sealed class TrialProgress
{
    private readonly IReadOnlyList<(string Name, Trial[] Trials)> _work;
    private readonly TrialStore _store;
    private readonly ProgressTask? _bar;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly int _doneBefore;

    private TrialProgress(IReadOnlyList<(string Name, Trial[] Trials)> work, TrialStore store, ProgressTask? bar)
    {
        (_work, _store, _bar) = (work, store, bar);
        _doneBefore = Done;
    }

    /// <summary>The pieces of work that are not finished yet, by this process or by another.</summary>
    public IReadOnlyList<(string Name, Trial[] Trials)> Left => [.. _work.Where(piece => piece.Trials.Any(trial => _store.Find(trial) is null))];

    private int All => _work.Sum(piece => piece.Trials.Length);

    private int Done => _work.Sum(piece => piece.Trials.Count(trial => _store.Find(trial) is not null));

    /// <summary>Runs what has work left.</summary>
    public static void Show(string title, IReadOnlyList<(string Name, Trial[] Trials)> work, TrialStore store, Action<TrialProgress> run)
    {
        if (new TrialProgress(work, store, null).Left.Count == 0)
            return;
        if (!ConsoleProgress.IsInteractive)
        {
            Console.WriteLine($"{title}:");
            run(new TrialProgress(work, store, null));
            return;
        }
        AnsiConsole.Progress()
            .Columns(new ProgressBarColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => run(new TrialProgress(work, store, context.AddTask(Markup.Escape(title)))));
    }

    /// <summary>Tells of a finished trial.</summary>
    public void Report(TrialResult result)
    {
        var (done, all, trial) = (Done, All, result.Trial);
        var left = _clock.Elapsed * ((all - done) / Math.Max(1.0, done - _doneBefore));
        var line = $"{done}/{all}  {trial.Task}, {Trial.SizeName(trial.Rows)} rows, seed {trial.Seed}, " +
            $"{Contender.Parse(trial.Contender).Title} ({trial.Optimizer}): " +
            $"{result.Metric.Replace('_', ' ')} {100 * result.Score:F1}, {result.Seconds:F0} s, {Duration.Text(left)} left";
        if (_bar is null)
        {
            Console.WriteLine($"  {line}");
            return;
        }
        (_bar.MaxValue, _bar.Value) = (all, done);
        _bar.Description = Markup.Escape(line);
    }
}
