using System.Globalization;
using SamSharp.Distributed;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>
/// The files of one run: <c>metrics.jsonl</c>, <c>tensorboard/</c>, <c>checkpoints/step-00000100/</c>, <c>best/</c> if requested and,
/// once done, <c>model/</c>, with <c>adapter/</c> where adapters have trained.
/// A checkpoint is a Hugging Face model folder with its vocabulary, plus <c>optimizer.bin</c>, <c>training.json</c> and the
/// metrics so far; <c>model/</c> omits the training state.
/// </summary>
/// <param name="path">The run's folder, created on first write.</param>
/// <param name="writeModel">Writes a model's files to a folder, in the given type or the weights' type.</param>
/// <param name="keep">Number of checkpoints to keep.</param>
public sealed class TrainingFolder(string path, Action<TrainedModel, string, ScalarType?> writeModel, int keep = 2)
{
    private const string OptimizerFile = "optimizer.bin";
    private const string StateFile = "training.json";
    private const string MetricsFile = "metrics.jsonl";
    private const string ClockFile = "clock.json";
    private const string StepPrefix = "step-";

    /// <summary>The folder of a run that trains a T5.</summary>
    /// <param name="path">The run's folder, created on first write.</param>
    /// <param name="vocabulary">The <c>spiece.model</c> that goes with the model.</param>
    /// <param name="keep">Number of checkpoints to keep.</param>
    public TrainingFolder(string path, string vocabulary, int keep = 2)
        : this(path, (model, folder, type) => T5Checkpoint.Save((T5Model)model, folder, vocabulary, type), keep)
    {
    }

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Metrics => MetricsOf(Path);

    public string TensorBoard => In("tensorboard");

    public string Model => In("model");

    public string Checkpoints => CheckpointsOf(Path);

    /// <summary>The newest checkpoint's folder, or null.</summary>
    public string? LatestCheckpoint => StepFolders().LastOrDefault();

    /// <summary>Whether the folder contains a run.</summary>
    public static bool HoldsRun(string path) => File.Exists(MetricsOf(path)) || Directory.Exists(CheckpointsOf(path));

    /// <summary>The metrics of the run in that folder.</summary>
    public static string MetricsOf(string path) => System.IO.Path.Combine(path, MetricsFile);

    /// <param name="model">The model, the same in all processes.</param>
    /// <param name="optimizer">The optimizer; each process writes its own, since recipes remember gradients of its own rows.</param>
    /// <param name="state">The rest of the training's state.</param>
    /// <param name="metrics">The metrics so far.</param>
    /// <param name="clock">The times of the steps so far.</param>
    /// <param name="average">The average of the weights; null: there is none.</param>
    /// <param name="group">The processes that train; null: this one alone. All call this, the first writes the model.</param>
    public string SaveCheckpoint(
        TrainedModel model, OptimizerHelper optimizer, TrainingState state, MetricsLog metrics, TrainingClock clock, TrainedAverage? average = null,
        ProcessGroup? group = null)
    {
        var folder = CheckpointOf(state.Step);
        if (group is { IsFirst: false })
        {
            WriteOptimizer(optimizer, group.Share(""), group);
            group.Barrier();
            group.Barrier(); // until the folder has its name
            return folder;
        }
        AtomicFolder.Write(folder, temporary =>
        {
            writeModel(model, temporary, null);
            state.Save(System.IO.Path.Combine(temporary, StateFile));
            metrics.WriteCopy(System.IO.Path.Combine(temporary, MetricsFile));
            clock.Save(System.IO.Path.Combine(temporary, ClockFile));
            average?.Save(temporary);
            group?.Share(temporary);
            WriteOptimizer(optimizer, temporary, group);
            group?.Barrier();
        });
        group?.Barrier();
        foreach (var old in StepFolders().SkipLast(keep))
            AtomicFolder.Delete(old);
        return folder;
    }

    /// <summary>Adds what was measured since a step's checkpoint to its metrics, so that a resumed run has it.</summary>
    public void UpdateMetrics(int step, MetricsLog metrics)
    {
        metrics.RequireUntouched();
        if (!Directory.Exists(CheckpointOf(step)))
            throw new IOException($"{CheckpointOf(step)} is gone: the checkpoint was deleted or moved while the run wrote to it.");
        metrics.WriteCopy(System.IO.Path.Combine(CheckpointOf(step), MetricsFile));
    }

    /// <param name="dtype">The stored type of the weights; default: their current type.</param>
    public void SaveModel(TrainedModel model, ScalarType? dtype = null) =>
        AtomicFolder.Write(Model, temporary => writeModel(model, temporary, dtype));

    /// <summary>Writes the adapters alone to <c>adapter/</c>, and the model with them merged to <c>model/</c>.</summary>
    public void SaveAdapted(TrainedModel model, LoraAdapters adapters)
    {
        AtomicFolder.Write(In("adapter"), temporary => LoraFiles.Save(adapters, temporary));
        adapters.Merge();
        SaveModel(model);
        adapters.Unmerge();
    }

    /// <summary>Writes the best model so far by a metric: <c>best/accuracy</c>.</summary>
    public void SaveBest(TrainedModel model, string metric) => AtomicFolder.Write(BestOf(metric), temporary => writeModel(model, temporary, null));

    /// <summary>The folder of the best model by a metric; a mixture's <c>cola/matthews</c> becomes <c>cola-matthews</c>.</summary>
    public string BestOf(string metric) => System.IO.Path.Combine(In("best"), metric.Replace('/', '-'));

    public static TrainingState LoadState(string checkpoint) => TrainingState.Load(System.IO.Path.Combine(checkpoint, StateFile));

    public static IReadOnlyList<MetricsRecord> LoadMetrics(string checkpoint) => MetricsLog.Read(System.IO.Path.Combine(checkpoint, MetricsFile));

    /// <summary>The times of the steps before a checkpoint.</summary>
    public static TrainingClock LoadClock(string checkpoint) => TrainingClock.Load(System.IO.Path.Combine(checkpoint, ClockFile));

    /// <exception cref="ArgumentException">Another number of processes wrote the checkpoint.</exception>
    /// <exception cref="InvalidDataException">The state is damaged, or another optimizer's.</exception>
    public static void LoadOptimizer(string checkpoint, OptimizerHelper optimizer, ProcessGroup? group = null)
    {
        var files = Directory.GetFiles(checkpoint, System.IO.Path.ChangeExtension(OptimizerFile, null) + "*");
        if (files.Length != (group?.Size ?? 1))
            throw new ArgumentException($"Cannot resume: {checkpoint} was written by {files.Length} processes, and {group?.Size ?? 1} train now.");
        var file = OptimizerFileOf(checkpoint, group);
        try
        {
            if (optimizer is SharpnessAwareOptimizer wrapper) wrapper.load_state_dict(file);
            else optimizer.load_state_dict(file);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException || FilePlace.IsForeign(error))
        {
            var text = error.Message.StartsWith(file, StringComparison.Ordinal) ? error.Message[(file.Length + 2)..] : error.Message;
            throw new FilePlace(file).Model(FilePlace.Excerpt(text, 300), error);
        }
    }

    /// <summary>Removes the temporary files and folders of a killed run.</summary>
    public void CleanUp()
    {
        AtomicFile.DeleteUnfinished(Path);
        AtomicFolder.DeleteUnfinished(Path);
        AtomicFolder.DeleteUnfinished(Checkpoints);
        AtomicFolder.DeleteUnfinished(In("best"));
    }

    private static void WriteOptimizer(OptimizerHelper optimizer, string folder, ProcessGroup? group) =>
        optimizer.save_state_dict(OptimizerFileOf(folder, group));

    private static string OptimizerFileOf(string folder, ProcessGroup? group)
    {
        var file = System.IO.Path.Combine(folder, OptimizerFile);
        return group is { Size: > 1 } ? group.OwnFile(file) : file;
    }

    private string CheckpointOf(int step) =>
        System.IO.Path.Combine(Checkpoints, StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));

    private static string CheckpointsOf(string path) => System.IO.Path.Combine(path, "checkpoints");

    private string In(string name) => System.IO.Path.Combine(Path, name);

    private IEnumerable<string> StepFolders()
        => Directory.Exists(Checkpoints)
            ? Directory.EnumerateDirectories(Checkpoints, StepPrefix + "*").Order(StringComparer.Ordinal)
            : [];
}
