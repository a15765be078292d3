namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Receives the events of a run, for instance for a console or TensorBoard.</summary>
public interface ITrainingObserver
{
    void OnStep(TrainingProgress progress) { }

    void OnMetrics(MetricsRecord record) { }

    void OnCheckpoint(string folder) { }

    /// <summary>A batch of a measurement is done.</summary>
    void OnMeasuring(MeasuringProgress progress) { }
}
