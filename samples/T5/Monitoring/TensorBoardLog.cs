using TorchSharp;
using TorchSharp.Modules;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Writes every metric as a TensorBoard scalar named <c>split/metric</c>, plus the speed.</summary>
public sealed class TensorBoardLog(string folder) : ITrainingObserver
{
    private readonly SummaryWriter _writer = torch.utils.tensorboard.SummaryWriter(folder, createRunName: false);
    private double _sequencesPerSecond;

    public void OnStep(TrainingProgress progress) => _sequencesPerSecond = progress.SequencesPerSecond;

    public void OnMetrics(MetricsRecord record)
    {
        foreach (var (name, value) in record.Values)
            _writer.add_scalar($"{record.Split}/{name}", (float)value, record.Step);
        _writer.add_scalar("speed/sequences_per_second", (float)_sequencesPerSecond, record.Step);
    }
}
