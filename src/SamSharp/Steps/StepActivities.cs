using System.Diagnostics;

namespace SamSharp.Steps;

/// <summary>The phases of a step as activities of the source "SamSharp", which tracing tools collect. Without a listener
/// nothing is allocated.</summary>
internal sealed class StepActivities(SharpnessAwareOptions options)
{
    public const string Ascent = "samsharp.ascent", Descent = "samsharp.descent", BaseStep = "samsharp.base_step";

    private static readonly ActivitySource Source = new("SamSharp", typeof(StepActivities).Assembly.GetName().Version?.ToString(3));

    private string? _recipe;
    private string? _phase;
    private Activity? _activity;

    /// <summary>Begins a phase, which ends the one before. Does nothing in a phase that is under way.</summary>
    public void Enter(string phase, long step)
    {
        if (ReferenceEquals(_phase, phase)) return;
        End();
        _phase = phase;
        if (!Source.HasListeners()) return;
        _activity = Source.StartActivity(phase);
        _activity?.SetTag(StepMeter.RecipeTag, _recipe ??= RecipeName.Of(options)).SetTag("samsharp.step", step);
    }

    /// <summary>Ends the phase under way, if there is one.</summary>
    /// <param name="failed">Whether the step has failed in it.</param>
    public void End(bool failed = false)
    {
        _phase = null;
        if (_activity is null) return;
        if (failed) _activity.SetStatus(ActivityStatusCode.Error);
        _activity.Dispose();
        _activity = null;
    }
}
