namespace SamSharp.Samples.T5.Training;

/// <summary>
/// The learning rate as a function of the step. It has no state to save: a resumed run gets the same rates for the same steps.
/// </summary>
/// <param name="name">
/// <c>constant</c>; <c>linear</c>, <c>cosine</c>: down to 0 at the last step; <c>inverse-sqrt</c>: 1/sqrt(step) after the warm-up,
/// as in T5's pre-training. All rise linearly from 0 during the warm-up and reach the peak at its end.
/// </param>
/// <param name="cooldownSteps">The number of last steps over which the rate falls linearly to 0, for every schedule.</param>
public sealed class LearningRateSchedule(string name, double peak, int warmupSteps, int totalSteps, int cooldownSteps = 0)
{
    // The factor of the peak after the warm-up.
    private delegate double Shape(int step, int warmupSteps, int totalSteps);

    private static readonly Dictionary<string, Shape> Known = new()
    {
        ["constant"] = (_, _, _) => 1,
        ["linear"] = (step, warmup, total) => 1 - Progress(step, warmup, total),
        ["cosine"] = (step, warmup, total) => 0.5 * (1 + Math.Cos(Math.PI * Progress(step, warmup, total))),
        ["inverse-sqrt"] = (step, warmup, _) => Math.Sqrt((warmup + 1.0) / (step + 1.0)),
    };

    private readonly Shape _shape = Find(name);

    /// <summary>The schedule of a run.</summary>
    public static LearningRateSchedule Of(TrainingOptions options) => new(
        options.Schedule, options.LearningRate ?? OptimizerCatalog.DefaultLearningRate(options.Optimizer),
        options.WarmupSteps, options.Steps, options.CooldownSteps);

    public double Peak => peak;

    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys];

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double At(int step) =>
        peak * (step < warmupSteps ? (step + 1.0) / (warmupSteps + 1.0) : _shape(step, warmupSteps, totalSteps)) * Cooldown(step);

    /// <exception cref="ArgumentException">There is no such schedule.</exception>
    public static void RequireKnown(string name) => Find(name);

    private double Cooldown(int step) => cooldownSteps == 0 ? 1 : Math.Clamp((totalSteps - step) / (double)cooldownSteps, 0, 1);

    private static double Progress(int step, int warmupSteps, int totalSteps) =>
        Math.Clamp((step - warmupSteps) / (double)Math.Max(1, totalSteps - warmupSteps), 0, 1);

    private static Shape Find(string name) => Known.TryGetValue(name, out var shape)
        ? shape
        : throw new ArgumentException($"Unknown schedule '{name}'. Known: {string.Join(", ", Known.Keys)}.");
}
