using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>Makes one whole step, with each pass on the examples that a rule chooses.</summary>
    /// <param name="optimizer">The optimizer that makes the step.</param>
    /// <param name="losses">Returns the losses, shape [rows] and with history, of the examples with the given indices
    /// (int64, shape [rows]; null for all). It does not call <c>backward()</c>. It is also called without gradients if the
    /// rule looks at losses before it chooses.</param>
    /// <param name="rule">Chooses or weighs the examples.</param>
    /// <returns>The loss of the first pass.</returns>
    /// <exception cref="ArgumentException">The losses are not a vector.</exception>
    public static Tensor Step(this SharpnessAwareOptimizer optimizer, Func<Tensor?, Tensor> losses, IExampleRule rule)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(rule);
        return ExampleSteps.Step(optimizer, losses, rule, ascentScale: 1, null);
    }
}

/// <summary>Steps whose passes choose among the examples of the batch.</summary>
internal static class ExampleSteps
{
    /// <param name="optimizer">The optimizer that makes the step.</param>
    /// <param name="losses">The losses of some examples.</param>
    /// <param name="rule">Chooses or weighs the examples.</param>
    /// <param name="ascentScale">Multiple of the step's radius.</param>
    /// <param name="beforePass">Called before each pass, with true for the ascent.</param>
    public static Tensor Step(SharpnessAwareOptimizer optimizer, Func<Tensor?, Tensor> losses, IExampleRule rule, double ascentScale,
        Action<bool>? beforePass)
    {
        ArgumentNullException.ThrowIfNull(losses);
        using var pass = new ExamplePass(losses, rule, optimizer.Backward);
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
