using System.Diagnostics;
using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>
/// Times steps without waiting for the device after each one: a lap ends when the losses are read, which waits for all earlier
/// steps. Evaluation and saving are excluded.
/// </summary>
public sealed class TrainingClock
{
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private readonly Stopwatch _stepping = new();
    private readonly List<double> _stepMilliseconds = [];
    private readonly double? _earlier;
    private int _stepsInLap;
    private int _steps;

    /// <summary>A clock that starts now.</summary>
    public TrainingClock()
    {
    }

    private TrainingClock(double? earlier) => _earlier = earlier;

    /// <summary>Median over the laps, or that of the run before it was resumed; NaN before the first lap.</summary>
    public double MedianStepMilliseconds
    {
        get
        {
            if (_stepMilliseconds.Count == 0)
                return _earlier ?? double.NaN;
            var sorted = _stepMilliseconds.Order().ToArray();
            return 0.5 * (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]);
        }
    }

    public double StepsPerSecond => _steps / Math.Max(1e-9, _total.Elapsed.TotalSeconds);

    /// <summary>The clock of a run that is resumed; a file that is not there is no error.</summary>
    public static TrainingClock Load(string path) => new(File.Exists(path) ? JsonText.ReadObject<Times>(path, new()).MedianStepMilliseconds : null);

    public void Save(string path) => File.WriteAllText(path, JsonSerializer.Serialize(
        new Times(double.IsFinite(MedianStepMilliseconds) ? MedianStepMilliseconds : null)));

    public void BeginStep() => _stepping.Start();

    public void EndStep()
    {
        _stepping.Stop();
        _stepsInLap++;
        _steps++;
    }

    public void EndLap(TimeSpan waited)
    {
        if (_stepsInLap > 0)
            _stepMilliseconds.Add((_stepping.Elapsed + waited).TotalMilliseconds / _stepsInLap);
        _stepping.Reset();
        _stepsInLap = 0;
    }

    private sealed record Times(double? MedianStepMilliseconds);
}
