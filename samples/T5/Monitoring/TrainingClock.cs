using System.Diagnostics;

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
    private int _stepsInLap;
    private int _steps;

    /// <summary>Median over the laps; NaN before the first lap.</summary>
    public double MedianStepMilliseconds
    {
        get
        {
            if (_stepMilliseconds.Count == 0)
                return double.NaN;
            var sorted = _stepMilliseconds.Order().ToArray();
            return 0.5 * (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]);
        }
    }

    public double StepsPerSecond => _steps / Math.Max(1e-9, _total.Elapsed.TotalSeconds);

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
}
