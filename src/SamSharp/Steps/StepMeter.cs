using System.Diagnostics.Metrics;

namespace SamSharp.Steps;

/// <summary>
/// The numbers of each step as instruments of the meter "SamSharp". Without a listener nothing is computed, read or allocated. What lies on
/// the device is read for listeners alone, at most in every n-th step.
/// </summary>
internal sealed class StepMeter(SharpnessAwareOptions options)
{
    public const string RecipeTag = "samsharp.recipe";

    private static readonly Meter Meter = new("SamSharp", typeof(StepMeter).Assembly.GetName().Version?.ToString(3));

    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("samsharp.steps", "{step}", "Steps, skipped ones included.");

    private static readonly Counter<long> Skipped = Meter.CreateCounter<long>("samsharp.steps.skipped", "{step}",
        "Steps that were skipped because a loss or gradient is not finite.");

    private static readonly Gauge<double> Loss = Meter.CreateGauge<double>("samsharp.loss", description: "The loss at the weights w.");

    private static readonly Gauge<double> PerturbedLoss = Meter.CreateGauge<double>("samsharp.loss.perturbed", description: "The loss at w + e.");

    private static readonly Gauge<double> Sharpness = Meter.CreateGauge<double>("samsharp.sharpness",
        description: "The loss at w + e minus the loss at w.");

    private static readonly Gauge<double> GradientNorm = Meter.CreateGauge<double>("samsharp.gradient.norm",
        description: "The norm of the gradient that the base optimizer gets, before it is clipped.");

    private static readonly Gauge<double> Radius = Meter.CreateGauge<double>("samsharp.radius", description: "The radius of the ascent.");

    private string? _recipe;

    /// <summary>Whether someone waits for the norm of the final gradient in this step.</summary>
    public bool WantsGradientNorm(long step) => GradientNorm.Enabled && IsDue(step);

    /// <summary>Tells the listeners of a step that has ended.</summary>
    public void Record(StepReport report)
    {
        if (!(Steps.Enabled || Skipped.Enabled || Loss.Enabled || PerturbedLoss.Enabled || Sharpness.Enabled || GradientNorm.Enabled
            || Radius.Enabled)) return;
        var recipe = new KeyValuePair<string, object?>(RecipeTag, _recipe ??= RecipeName.Of(options));
        Steps.Add(1, recipe);
        Radius.Record(report.Radius, recipe);
        if (!IsDue(report.Step)) return;
        if (Skipped.Enabled && report.TakeNewlySkipped() is > 0 and var skipped) Skipped.Add(skipped, recipe);
        if (Loss.Enabled) Tell(Loss, report.Loss);
        if (PerturbedLoss.Enabled) Tell(PerturbedLoss, report.PerturbedLoss);
        if (Sharpness.Enabled) Tell(Sharpness, report.Sharpness);
        if (GradientNorm.Enabled) Tell(GradientNorm, report.GradientNorm);

        void Tell(Gauge<double> gauge, double value)
        {
            if (double.IsFinite(value)) gauge.Record(value, recipe);
        }
    }

    private bool IsDue(long step) => step % options.MetricsInterval == 0;
}
