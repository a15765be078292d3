using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using SamSharp.Benchmarks.Racing;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>
/// What the meter and the activity source add to a step: all that a step calls of them, while nobody listens, beside the whole step of a linear
/// layer, about the smallest that there is; and that step with a listener.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private const int Steps = 200;

    /// <summary>Nobody could measure a hundredth from outside.</summary>
    private const double Unnoticeable = 0.01;

    private readonly nn.Module<Tensor, Tensor> _model = nn.Linear(10, 2);
    private readonly Tensor _x, _y;
    private readonly SharpnessAwareOptions _options = new() { MetricsInterval = 1 };
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly StepReport _report = new();
    private readonly StepMeter _meter;
    private readonly StepActivities _activities;
    private readonly Contender _calls, _step, _heard;

    public Telemetry()
    {
        (_x, _y) = (randn(64, 10), randint(0, 2, 64));
        _optimizer = new SharpnessAwareOptimizer(optim.FusedAdamW(_model.parameters(), lr: 1e-6), _options);
        (_meter, _activities) = (new StepMeter(_options), new StepActivities(_options));
        _calls = new Contender("calls, nobody listens", () => { }, Call);
        _step = new Contender("SAM step of a linear layer", () => { }, Step);
        _heard = new Contender("SAM step, heard and traced", () => { }, StepBeforeListeners);
    }

    public void Run(int rounds) => Race.Run([_calls, _step, _heard], rounds);

    public IEnumerable<Ratio> Ratios() =>
    [
        new($"Telemetry: {_calls.Name} / {_step.Name}", _calls.TimeRelativeTo(_step), Unnoticeable),
        new($"Telemetry: {_heard.Name} / {_step.Name}", _heard.TimeRelativeTo(_step), null),
    ];

    /// <summary>The times behind the ratios.</summary>
    public string Describe() => string.Join(Environment.NewLine,
    [
        $"Telemetry: 64 rows, 22 weights, {Steps} steps",
        .. new[] { _calls, _step, _heard }.Select(contender => string.Create(CultureInfo.InvariantCulture,
            $"  {contender.Name,-38} {1000 * contender.Milliseconds / Steps,8:0.000} us a step")),
    ]);

    public void Dispose()
    {
        _report.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _x.Dispose();
        _y.Dispose();
    }

    /// <summary>A step's calls; Enter does nothing where a phase is under way, as in some of a step's places.</summary>
    private void Call()
    {
        for (var step = 1; step <= Steps; step++)
        {
            _activities.Enter(StepActivities.Ascent, step);
            _activities.Enter(StepActivities.Descent, step);
            _activities.Enter(StepActivities.Descent, step);
            _activities.Enter(StepActivities.BaseStep, step);
            if (_meter.WantsGradientNorm(step)) throw new InvalidOperationException("Somebody listens.");
            _activities.End();
            _meter.Record(_report);
        }
    }

    private void Step()
    {
        for (var step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            _optimizer.Step(Backward);
        }
    }

    private Tensor Backward()
    {
        using var prediction = _model.call(_x);
        var loss = nn.functional.cross_entropy(prediction, _y);
        loss.backward();
        return loss;
    }

    private void StepBeforeListeners()
    {
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "SamSharp") listener.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<long>((_, _, _, _) => { });
        meters.SetMeasurementEventCallback<double>((_, _, _, _) => { });
        meters.Start();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "SamSharp",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(activities);
        Step();
    }
}
