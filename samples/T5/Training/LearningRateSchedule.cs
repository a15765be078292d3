namespace SamSharp.Samples.T5.Training;

/// <summary>
/// The learning rate as a function of the step. Being a function, it has no state to save: a resumed run asks for the same
/// steps and gets the same rates.
/// </summary>
/// <param name="name">
/// <c>constant</c>; <c>linear</c>, <c>cosine</c>: down to 0 at the last step; <c>inverse-sqrt</c>: 1/sqrt(step) after the warm-up,
/// as T5 was pre-trained. All climb linearly from 0 during the warm-up and reach the peak at its end.
/// </param>
/// <param name="cooldownSteps">Over so many last steps the rate goes down linearly to 0, whatever the schedule.</param>
public sealed class LearningRateSchedule(string name, double peak, int warmupSteps, int totalSteps, int cooldownSteps = 0)
{
    private readonly Func<int, double> _factor = Find(name, warmupSteps, totalSteps);

    /// <summary>The schedule of a run.</summary>
    public static LearningRateSchedule Of(TrainingOptions options) => new(
        options.Schedule, options.LearningRate ?? OptimizerCatalog.DefaultLearningRate(options.Optimizer),
        options.WarmupSteps, options.Steps, options.CooldownSteps);

    public double Peak => peak;

    public static IReadOnlyList<string> Names { get; } = ["constant", "linear", "cosine", "inverse-sqrt"];

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double At(int step)
        => peak * (step < warmupSteps ? (step + 1.0) / (warmupSteps + 1.0) : _factor(step)) * Cooldown(step);

    /// <exception cref="ArgumentException">There is no such schedule.</exception>
    public static void RequireKnown(string name)
    {
        if (!Names.Contains(name))
            throw new ArgumentException($"Unknown schedule '{name}'. Known: {string.Join(", ", Names)}.");
    }

    private double Cooldown(int step) => cooldownSteps == 0 ? 1 : Math.Clamp((totalSteps - step) / (double)cooldownSteps, 0, 1);

    private static Func<int, double> Find(string name, int warmupSteps, int totalSteps)
    {
        RequireKnown(name);
        double Progress(int step) => Math.Clamp((step - warmupSteps) / (double)Math.Max(1, totalSteps - warmupSteps), 0, 1);
        return name switch
        {
            "linear" => step => 1 - Progress(step),
            "cosine" => step => 0.5 * (1 + Math.Cos(Math.PI * Progress(step))),
            "inverse-sqrt" => step => Math.Sqrt((warmupSteps + 1.0) / (step + 1.0)),
            _ => _ => 1,
        };
    }
}
