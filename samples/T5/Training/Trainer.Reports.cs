using System.Diagnostics;
using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.T5.Training;

/// <content>What is reported, evaluated, saved and restored.</content>
public sealed partial class Trainer
{
    private void ReportLoss()
    {
        var waiting = Stopwatch.StartNew();
        _lastLoss = _losses.Mean();
        _clock.EndLap(waiting.Elapsed);
        _losses.Clear();
        RequireFinite(_lastLoss);
        Report(new(Step, "train", new Dictionary<string, double> { ["loss"] = _lastLoss, ["learning_rate"] = _schedule.At(Step - 1) }));
        Report(new(Step, "step", StepMetrics.Of(_optimizer.LastStep)));
    }

    // Evaluates where that is due and not done yet.
    private bool EndStep()
    {
        if (Evaluate is null || Step == 0 || !(Step == _options.Steps || IsDue(_options.EvaluateEvery))
            || _metrics.Records.Any(record => record.Split == "dev" && record.Step == Step))
            return false;
        using var averaged = _average?.SwapIn();
        _model.eval();
        Report(new(Step, "dev", _team.Evaluate(Evaluate)));
        foreach (var metric in KeepBest.Where(metric => BestEvaluation.Of(_metrics.Records, metric)?.Step == Step))
        {
            if (_team.IsFirst)
                _folder.SaveBest(_model, metric);
        }
        _model.train();
        return true;
    }

    /// <summary>Adds what was reported since the last step to its checkpoint, so that a resumed run has it.</summary>
    public void KeepReports() => _folder.UpdateMetrics(Step, _metrics);

    /// <summary>Notices that the run's folder was deleted, or that another program writes to it.</summary>
    /// <exception cref="IOException">It was.</exception>
    public void RequireFolder() => _metrics.RequireUntouched();

    /// <summary>Adds a line to the metrics for a measurement outside the loop.</summary>
    public void Report(MetricsRecord record)
    {
        _metrics.Append(record);
        foreach (var observer in Observers)
            observer.OnMetrics(record);
    }

    private void ReportProgress()
    {
        var pace = _clock.StepsPerSecond;
        var progress = new TrainingProgress(
            Step, _options.Steps, _lastLoss, pace * _options.BatchSize, TimeSpan.FromSeconds((_options.Steps - Step) / pace));
        foreach (var observer in Observers)
            observer.OnStep(progress);
    }

    private void Save()
    {
        RequireFolder();
        foreach (var loss in _losses.Values)
            RequireFinite(loss); // such a run cannot go on from here
        var state = new TrainingState(Step, _options, _rows.Fingerprint, [.. _losses.Values]);
        var folder = _folder.SaveCheckpoint(_model, _optimizer, state, _metrics, _clock, _average, _team.Group);
        foreach (var observer in Observers)
            observer.OnCheckpoint(folder);
    }

    private void RequireFinite(double loss)
    {
        if (!double.IsFinite(loss))
            throw new DivergedException($"The training loss is {loss} at step {Step}: the run diverged. Lower the learning rate or rho.");
    }

    private IReadOnlyList<MetricsRecord> Restore(string checkpoint)
    {
        var state = TrainingFolder.LoadState(checkpoint);
        state.RequireSame(_options, _rows.Fingerprint);
        TrainingFolder.LoadOptimizer(checkpoint, _optimizer, _team.Group);
        _average?.Load(checkpoint, state.Step);
        _losses.Add(state.PendingLosses);
        Step = state.Step;
        return TrainingFolder.LoadMetrics(checkpoint);
    }
}
