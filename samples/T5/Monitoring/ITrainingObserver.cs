namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Is told what happens in a run: a console, a TensorBoard writer.</summary>
public interface ITrainingObserver
{
    void OnStep(TrainingProgress progress) { }

    void OnMetrics(MetricsRecord record) { }

    void OnCheckpoint(string folder) { }
}
