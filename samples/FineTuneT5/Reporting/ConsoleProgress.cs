using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Shows the progress of a run. Held-out metrics are JSON lines.</summary>
public sealed class ConsoleProgress : ITrainingObserver
{
    private readonly string _title;
    private readonly ProgressDisplay _display;

    private ConsoleProgress(string title, ProgressDisplay display) => (_title, _display) = (title, display);

    public static T Show<T>(string title, Func<ITrainingObserver, T> run) =>
        ProgressDisplay.Show(title, display => run(new ConsoleProgress(title, display)));

    public void OnStep(TrainingProgress progress) =>
        Show((double)progress.Step / progress.TotalSteps, Describe(progress), line: progress.Step == progress.TotalSteps);

    public void OnMeasuring(MeasuringProgress progress) => Show(null, Describe(progress));

    public void OnMetrics(MetricsRecord record)
    {
        // Losses and numbers of single steps appear in the progress line and the plots.
        if (record.Split == "step" || (record.Split == "train" && !record.Values.ContainsKey("sharpness")))
            return;
        _display.Print(record.ToJson());
    }

    /// <summary>How far a measurement is.</summary>
    internal static string Describe(MeasuringProgress progress) => $"measuring: {progress.What}, batch {progress.Done + 1}" +
        (progress.Total > progress.Done ? $" of {progress.Total}" : "");

    private static string Describe(TrainingProgress progress)
    {
        var loss = double.IsNaN(progress.Loss) ? "" : $"  loss {progress.Loss:F4}";
        return $"step {progress.Step}/{progress.TotalSteps}{loss}  {progress.SequencesPerSecond:F0} sequences/s  " +
            $"{Duration.Text(progress.TimeLeft)} left";
    }

    private void Show(double? done, string text, bool line = false) =>
        _display.Report(done, ProgressDisplay.IsInteractive ? $"{_title}: {text}" : text, line);
}
