using System.Diagnostics;
using SamSharp.Analysis;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Evaluation;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// Runs trials. Trials of one cell are paired: they share the rows and their order, the initial weights, and the dropout masks of the
/// pass that moves the weights.
/// </summary>
public sealed class TrialRunner
{
    /// <summary>Number of rows for sharpness and slices.</summary>
    private const int MeasuredRows = 64;

    private const int CurvePoints = 25;
    private const int CurveDigits = 4;

    private readonly CompareRequest _request;
    private readonly TrialStore _store;
    private readonly Dictionary<string, ComparedTask> _tasks;
    private readonly Dictionary<string, IModelKit> _kits = [];
    private readonly HeldOutRows _heldOut;
    private readonly Dictionary<string, double> _firstSharpness = [];

    /// <summary>Loads everything that can fail before anything is written.</summary>
    public TrialRunner(CompareRequest request, TrialStore store, KitFinder findKit)
    {
        (_request, _store) = (request, store);
        _tasks = request.Tasks.Select(named => ComparedTask.Load(named, request.ValidationRows, request.TestRows))
            .ToDictionary(task => task.Task.Name);
        foreach (var (name, task) in _tasks)
            _kits[name] = findKit([task.Task], [.. task.Training, .. task.Validation]);
        _heldOut = new(request, _tasks, _kits);
    }

    public IReadOnlyDictionary<string, ComparedTask> Tasks => _tasks;

    public long ParameterCount => _kits.Values.First().ParameterCount;

    /// <summary>Trains and measures; resumes a stopped run, whose files stay until its result is saved.</summary>
    public TrialResult Run(Trial trial, ITrainingObserver observer, CancellationToken cancellation)
    {
        var measuring = new Measuring([observer], cancellation);
        var clock = Stopwatch.StartNew();
        var (options, kit) = (OptionsOf(trial, _request.Training), _kits[trial.Task]);
        var rows = kit.Encode(_tasks[trial.Task].TrainingRowsOf(trial), options);
        var folder = new TrainingFolder(_store.WorkOf(trial), kit.Save, keep: 1);
        folder.CleanUp();
        using var scope = NewDisposeScope();
        var before = FirstSharpness(trial, rows, measuring);
        var checkpoint = folder.LatestCheckpoint;
        using var model = kit.Create(options, checkpoint);
        HeldOutScores? heldOut = null;
        using var trainer = new Trainer(model, kit.PadId, rows, options, folder, checkpoint)
        {
            Evaluate = () => (heldOut = _heldOut.Measure(trial, model, options, measuring)).Values,
        };
        trainer.Observers.Add(observer);
        var diverged = false;
        try
        {
            trainer.Run(cancellation);
        }
        catch (DivergedException)
        {
            diverged = true;
        }
        model.eval();

        var metric = _tasks[trial.Task].Task.MainMetric;
        if (diverged)
            heldOut = null;
        else
            heldOut ??= _heldOut.Measure(trial, model, options, measuring); // resumed after its last step
        if (heldOut is not null)
            MeasureSlice(trial, model, rows, measuring);
        double? after = diverged ? null : Sharpness(trial, model, rows, measuring);
        return new(trial, metric, heldOut?.Values[metric] ?? 0, heldOut?.Values["loss"], before, after,
            trainer.MedianStepMilliseconds, clock.Elapsed.TotalSeconds,
            [.. trainer.Metrics.Where(record => record.Split == "train")
                .Select(record => new CurvePoint(record.Step, Math.Round(record.Values["loss"], CurveDigits)))])
        {
            Measures = Others(heldOut?.Values, metric),
            Predictions = heldOut?.Predictions,
        };
    }

    private static Dictionary<string, double>? Others(IReadOnlyDictionary<string, double>? measures, string metric) =>
        measures?.Where(measure => measure.Key != metric && measure.Key != "loss").ToDictionary() is { Count: > 0 } others ? others : null;

    /// <summary>How a trial trains. Both passes of a step draw the same dropout masks, as one pass does.</summary>
    internal static TrainingOptions OptionsOf(Trial trial, TrainingOptions shared) => Contender.Parse(trial.Contender).Apply(shared with
    {
        Optimizer = trial.Optimizer,
        LearningRate = trial.LearningRate,
        Rho = trial.Rho,
        Steps = trial.Steps,
        Seed = trial.Seed,
        EvaluateEvery = 0,
        LogEvery = Math.Max(1, trial.Steps / CurvePoints),
        ReplayRandomness = true,
    });

    // The runs of a cell start at the same weights, so one measurement serves all.
    private double FirstSharpness(Trial trial, IReadOnlyList<EncodedExample> rows, Measuring measuring)
    {
        if (!_firstSharpness.TryGetValue(trial.Cell, out var sharpness))
        {
            using var model = _kits[trial.Task].Create(OptionsOf(trial, _request.Training));
            _firstSharpness[trial.Cell] = sharpness = Sharpness(trial, model, rows, measuring);
        }
        return sharpness;
    }

    private double Sharpness(Trial trial, TrainedModel model, IReadOnlyList<EncodedExample> rows, Measuring measuring)
    {
        using var surface = Surface(trial, model, rows, measuring);
        measuring.Begin("sharpness", 2 * surface.Batches.Count);
        return new BatchwiseSharpness(new OneStepSharpness(new Ball(_request.SharpnessRho))).Measure(surface)[0].Value;
    }

    private LossSurface Surface(Trial trial, TrainedModel model, IEnumerable<EncodedExample> rows, Measuring measuring) =>
        TrainingLoss.Surface(model, _kits[trial.Task].PadId, rows.Take(MeasuredRows), _request.Training.BatchSize, measuring);

    // In each cell the base runs first and saves its weights, so that the loss can be drawn along the line to the contender's.
    private void MeasureSlice(Trial trial, TrainedModel model, IReadOnlyList<EncodedExample> rows, Measuring measuring)
    {
        if (trial.Tuning || trial.Seed != _request.Seeds[0] || trial.Rows != _request.Sizes[^1].Rows || _request.Sliced is not { } sliced)
            return;
        var (solution, kit) = (_store.SolutionOf(trial.Cell), _kits[trial.Task]);
        if (trial.Contender == Contender.Base.Name)
        {
            AtomicFolder.Write(solution, temporary => kit.Save(model, temporary));
        }
        else if (trial.Contender == sliced.Name && Directory.Exists(solution) && _store.FindSlice(trial.Cell) is null)
        {
            using var other = kit.Create(OptionsOf(trial, _request.Training), solution);
            other.eval();
            using var baseSurface = Surface(trial, other, rows, measuring);
            using var from = baseSurface.Weights();
            using var train = Surface(trial, model, rows, measuring);
            using var test = Surface(trial, model, kit.Encode([.. _tasks[trial.Task].Test.Take(MeasuredRows)], _request.Training), measuring);
            measuring.Begin("loss between the solutions");
            _store.Save(SolutionSlice.Measure(trial, train, test, from));
            AtomicFolder.Delete(solution);
        }
    }
}
