using TorchSharp;
using TorchSharp.Modules;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Writes every metric as a TensorBoard scalar named <c>split/metric</c>, plus the speed.</summary>
public sealed class TensorBoardLog : ITrainingObserver
{
    private readonly string _folder;
    private readonly SummaryWriter _writer;
    private double _sequencesPerSecond;

    /// <param name="folder">The folder of the event file; what an interrupted run left there is replaced.</param>
    /// <param name="records">The metrics so far, of a resumed run.</param>
    public TensorBoardLog(string folder, IEnumerable<MetricsRecord> records)
    {
        _folder = folder;
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true); // steps after the checkpoint would be there twice
        _writer = torch.utils.tensorboard.SummaryWriter(folder, createRunName: false);
        foreach (var record in records)
            Write(record);
    }

    public void OnStep(TrainingProgress progress) => _sequencesPerSecond = progress.SequencesPerSecond;

    /// <exception cref="IOException">The folder was deleted.</exception>
    public void OnMetrics(MetricsRecord record)
    {
        if (!Directory.Exists(_folder))
            throw new IOException($"{_folder} is gone: it was deleted or moved while the run wrote to it.");
        Write(record);
        _writer.add_scalar("speed/sequences_per_second", (float)_sequencesPerSecond, record.Step);
    }

    private void Write(MetricsRecord record)
    {
        foreach (var (name, value) in record.Values)
            _writer.add_scalar($"{record.Split}/{name}", (float)value, record.Step);
    }
}
