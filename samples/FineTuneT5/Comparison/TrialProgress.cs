using System.Diagnostics;
using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>Shows how far a comparison is: the run that is going on, what it does, and each finished run.</summary>
public sealed class TrialProgress : ITrainingObserver
{
    private readonly IReadOnlyList<(string Name, Trial[] Trials)> _work;
    private readonly TrialStore _store;
    private readonly ProgressDisplay _display;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly int _doneBefore;
    private string _running = "";
    private double _part;

    private TrialProgress(IReadOnlyList<(string Name, Trial[] Trials)> work, TrialStore store, ProgressDisplay display)
    {
        (_work, _store, _display) = (work, store, display);
        _doneBefore = Done;
    }

    /// <summary>The pieces of work that are not finished yet, by this process or by another.</summary>
    public IReadOnlyList<(string Name, Trial[] Trials)> Left => LeftOf(_work, _store);

    private int All => _work.Sum(piece => piece.Trials.Length);

    private int Done => _work.Sum(piece => piece.Trials.Count(trial => _store.Find(trial) is not null));

    /// <summary>Runs what has work left.</summary>
    public static void Show(string title, IReadOnlyList<(string Name, Trial[] Trials)> work, TrialStore store, Action<TrialProgress> run)
    {
        if (LeftOf(work, store).Length == 0)
            return;
        ProgressDisplay.Show(title, display =>
        {
            var progress = new TrialProgress(work, store, display);
            run(progress);
            return progress;
        });
    }

    /// <summary>A trial begins.</summary>
    public void Begin(Trial trial)
    {
        (_running, _part) = ($"run {Done + 1} of {All}: {NameOf(trial)}", 0);
        Show("", line: true);
    }

    public void OnStep(TrainingProgress progress)
    {
        _part = (double)progress.Step / progress.TotalSteps;
        Show($"step {progress.Step}/{progress.TotalSteps}");
    }

    public void OnMeasuring(MeasuringProgress progress) => Show(ConsoleProgress.Describe(progress));

    /// <summary>A trial is finished.</summary>
    public void Report(TrialResult result)
    {
        _part = 0;
        var (done, all, trial) = (Done, All, result.Trial);
        var left = _clock.Elapsed * ((all - done) / Math.Max(1.0, done - _doneBefore));
        _display.Report((double)done / all, _running);
        _display.Print($"  {done}/{all}  {NameOf(trial)}: {result.Metric.Replace('_', ' ')} {100 * result.Score:F1}, {result.Seconds:F0} s, " +
            $"{Duration.Text(left)} left");
    }

    private static (string Name, Trial[] Trials)[] LeftOf(IEnumerable<(string Name, Trial[] Trials)> work, TrialStore store) =>
        [.. work.Where(piece => piece.Trials.Any(trial => store.Find(trial) is null))];

    private static string NameOf(Trial trial) =>
        $"{trial.Task}, {trial.Rows} rows, seed {trial.Seed}, {Contender.Parse(trial.Contender).Title} ({trial.Optimizer})";

    private void Show(string what, bool line = false) =>
        _display.Report((Done + _part) / All, what.Length == 0 ? _running : $"{_running}: {what}", line);
}
