using SamSharp.Distributed;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>
/// The training loop. <see cref="TrainOneStep"/> is one step: the five lines to copy. The rest decides when to report, evaluate
/// and save.
/// </summary>
public sealed partial class Trainer : IDisposable
{
    private readonly TrainedModel _model;
    private readonly IBatchSource _rows;
    private readonly TrainingOptions _options;
    private readonly TrainingFolder _folder;
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly IReadOnlyList<RateGroup> _groups;
    private readonly LossMeter _losses = new();
    private readonly TrainingClock _clock;
    private readonly MetricsLog _metrics;
    private readonly Device _device;
    private readonly int _padId;
    private readonly double _ascentFraction;
    private readonly Team _team;
    private readonly TrainedAverage? _average;
    private double _lastLoss = double.NaN;

    /// <param name="checkpoint">
    /// The checkpoint to resume, whose weights <paramref name="model"/> already has; null starts at step 0.
    /// </param>
    /// <param name="taskRows">Number of rows of each task of a mixture, one task after another; null: all rows belong to one task.</param>
    /// <param name="group">The processes that train together, each on its shard of every batch; null: this one alone.</param>
    /// <exception cref="ArgumentException">An option is out of range, or differs from the checkpoint's.</exception>
    public Trainer(
        TrainedModel model, int padId, IReadOnlyList<EncodedExample> rows, TrainingOptions options, TrainingFolder folder, string? checkpoint = null,
        IReadOnlyList<int>? taskRows = null, ProcessGroup? group = null)
        : this(model, padId, Sample(rows, options, taskRows ?? [rows.Count]), options, folder, checkpoint, group)
    {
    }

    /// <param name="model">The model.</param>
    /// <param name="padId">The id that pads rows.</param>
    /// <param name="rows">The rows of each step, all of them in every process.</param>
    /// <param name="options">The options.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="checkpoint">The checkpoint to go on from; null starts at step 0.</param>
    /// <param name="group">The processes that train together; null: this one alone.</param>
    /// <exception cref="ArgumentException">An option is out of range, or differs from the checkpoint's.</exception>
    public Trainer(
        TrainedModel model, int padId, IBatchSource rows, TrainingOptions options, TrainingFolder folder, string? checkpoint = null,
        ProcessGroup? group = null)
    {
        options.Validate();
        _team = new Team(group, options);
        (_model, _padId, _rows, _options, _folder) = (model, padId, rows, options, folder);
        _device = model.Device;
        _schedule = LearningRateSchedule.Of(options);
        _groups = RateGroup.Of(model, options);
        _optimizer = new SharpnessAwareOptimizer(
            OptimizerCatalog.Create(options.Optimizer, _groups.Select(own => own.Parameters), _schedule.Peak, options.WeightDecay),
            (options.Rho > 0 ? RecipeCatalog.Create(options, model) : RecipeCatalog.Plain) with
            {
                Exchange = _team.Exchange(model),
                MaxGradientNorm = options.MaxGradientNorm,
                LossScaler = model.ComputeType == ScalarType.Float16 ? new() : null,
            });
        _average = TrainedAverage.Of(model, options);
        _ascentFraction = RecipeCatalog.NeedsWholeBatch(options.Recipe) ? 1 : options.AscentFraction;
        _clock = checkpoint is null ? new() : TrainingFolder.LoadClock(checkpoint);
        _metrics = new MetricsLog(_team.IsFirst ? folder.Metrics : null, checkpoint is null ? [] : Restore(checkpoint));
        _team.Broadcast(model);
    }

    /// <summary>Observers of steps, metrics and checkpoints.</summary>
    public IList<ITrainingObserver> Observers { get; } = [];

    /// <summary>Evaluates the model on held-out rows.</summary>
    public Func<IReadOnlyDictionary<string, double>>? Evaluate { get; init; }

    /// <summary>Held-out metrics whose best model so far is kept, each in its own folder.</summary>
    public IReadOnlyList<string> KeepBest { get; init; } = [];

    /// <summary>The held-out metric that <see cref="TrainingOptions.Patience"/> watches.</summary>
    public string StoppingMetric { get; init; } = "loss";

    /// <summary>Whether training is complete: all steps are done, or patience has run out.</summary>
    public bool IsDone => Step >= _options.Steps ||
        (_options.Patience is { } patience && BestEvaluation.Since(_metrics.Records, StoppingMetric) >= patience);

    /// <summary>Steps between checkpoints; 0 saves only at the end and on cancellation.</summary>
    public int SaveEvery { get; init; }

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>All lines of <c>metrics.jsonl</c> so far.</summary>
    public IReadOnlyList<MetricsRecord> Metrics => _metrics.Records;

    public double MedianStepMilliseconds => _clock.MedianStepMilliseconds;

    /// <summary>Trains to the last step. If canceled, it saves a checkpoint first.</summary>
    /// <exception cref="OperationCanceledException">The run was canceled between two steps, or while it evaluated.</exception>
    /// <exception cref="DivergedException">The training loss is not finite any more.</exception>
    /// <exception cref="IOException">The disk is full, or the run's folder was deleted.</exception>
    public void Run(CancellationToken cancellation = default)
    {
        _model.train();
        try
        {
            // A run that was stopped while it evaluated goes on there.
            if (EndStep() && (IsDone || IsDue(SaveEvery)))
                Save();
            while (!IsDone)
            {
                if (_team.IsCancelled(cancellation))
                    throw new OperationCanceledException(cancellation);
                TrainOneStep();
                if (Step == _options.Steps || Step % _options.LogEvery == 0)
                    ReportLoss();
                ReportProgress();
                EndStep();
                if (IsDone || IsDue(SaveEvery))
                    Save();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested || !_team.IsAlone)
        {
            Save();
            throw new OperationCanceledException($"Stopped after step {Step}; the checkpoint is in {_folder.Checkpoints}.", cancellation);
        }
        catch (IOException missing) when (DiskFault.IsMissing(missing))
        {
            throw new IOException($"{_folder.Path} or a part of it is gone: it was deleted or moved while the run wrote to it.", missing);
        }
        _average?.Apply();
        _model.eval();
    }

    public void Dispose()
    {
        _average?.Dispose();
        _losses.Dispose();
        _optimizer.Dispose();
    }

    private static SampledRows Sample(IReadOnlyList<EncodedExample> rows, TrainingOptions options, IReadOnlyList<int> taskRows)
    {
        IBatchSampler sampler = taskRows.Count == 1
            ? new BatchSampler(rows.Count, options.BatchSize, options.Seed)
            : new MixtureSampler(taskRows, options.MixtureCap, options.BatchSize, options.Seed);
        return new(rows, options.BucketByLength ? new LengthBuckets(sampler, [.. rows.Select(row => row.Source.Length)], options.Seed) : sampler);
    }

    private void TrainOneStep()
    {
        _clock.BeginStep();
        using var scope = NewDisposeScope();
        StepSeed.Apply(_options.Seed, _team.Draw(Step));
        var rate = _schedule.At(Step);
        foreach (var (group, own) in _optimizer.ParamGroups.Zip(_groups))
            group.LearningRate = rate * own.Factor;

        var batch = Batch.Collate(_team.Shard(_rows.At(Step)), _padId, _device);
        _team.Weigh(batch);
        var loss = _options.AscentRows is { } rows
            ? _optimizer.Step([.. batch.Split(rows).Select(part => new BatchPart(() => Backward(part), part.LabelCount))])
            : TakeStep(batch, batch.Head(_ascentFraction));
        if (_team.IsAlone)
            _losses.Add(loss);
        else
            _losses.Add([(float)_optimizer.LastStep.Loss]);
        Step++;
        _average?.Add(Step);
        _clock.EndStep();
    }

    [InDisposeScope]
    private Tensor TakeStep(Batch batch, Batch head) => _optimizer.Step(() => Backward(batch), ascent: () => Backward(head));

    [InDisposeScope]
    private Tensor Backward(Batch batch) =>
        _options.MicroBatchSize is { } rows && rows < batch.Count ? BackwardInParts(batch, rows) : Backward(batch, 1);

    // The loss is a mean over label ids, so each part is weighted by its number of them.
    [InDisposeScope]
    private Tensor BackwardInParts(Batch batch, int rows)
    {
        double labels = batch.LabelCount;
        return batch.Split(rows).Select(part => Backward(part, part.LabelCount / labels)).Aggregate((sum, loss) => sum.Plus(loss));
    }

    [InDisposeScope]
    private Tensor Backward(Batch batch, double share)
    {
        var loss = _model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels, _options.LabelSmoothing).Times(share);
        _optimizer.Backward(loss);
        return loss.detach();
    }

    private bool IsDue(int every) => every > 0 && Step % every == 0;
}
