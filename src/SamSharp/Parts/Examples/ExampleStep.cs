using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Steps whose passes choose among the examples of the batch.</summary>
public static class ExampleStep
{
    /// <summary>One whole step, with each pass on the examples that a rule gives it.</summary>
    /// <param name="optimizer">Makes the step.</param>
    /// <param name="losses">The losses of the examples whose numbers it is given (int64, shape [rows]; null for all), shape [rows], with history; it does not call <c>backward()</c>.
    /// It is also called without gradients, where the rule wants to look.</param>
    /// <param name="rule">Chooses or weighs.</param>
    /// <returns>The loss of the first pass.</returns>
    /// <exception cref="ArgumentException">The losses are not a vector.</exception>
    public static Tensor Step(this SharpnessAwareOptimizer optimizer, Func<Tensor?, Tensor> losses, IExampleRule rule) => Step(optimizer, losses, rule, ascentScale: 1, null);

    internal static Tensor Step(SharpnessAwareOptimizer optimizer, Func<Tensor?, Tensor> losses, IExampleRule rule, double ascentScale, Action<bool>? beforePass)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(losses);
        ArgumentNullException.ThrowIfNull(rule);
        using var pass = new ExamplePass(losses, rule);
        return optimizer.Step(
            () =>
            {
                beforePass?.Invoke(false);
                return pass.Descent();
            },
            [new AscentStage(() =>
            {
                beforePass?.Invoke(true);
                return pass.Ascent();
            }, ascentScale)]);
    }
}
