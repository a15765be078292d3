using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>Makes any TorchSharp optimizer sharpness-aware, and adds the steps of published algorithms to a
/// <see cref="SharpnessAwareOptimizer"/>.</summary>
public static partial class OptimizerExtensions
{
    /// <summary>Wraps the optimizer: <c>new SharpnessAwareOptimizer(optimizer, rho, adaptive)</c>.</summary>
    /// <param name="optimizer">The base optimizer; the wrapper takes ownership.</param>
    /// <param name="rho">The radius. Default 0.05.</param>
    /// <param name="adaptive">True for ASAM as in davda54/sam: every parameter adaptive, kappa = 0. Default false.</param>
    public static SharpnessAwareOptimizer WithSharpnessAwareness(this Optimizer optimizer, double rho = 0.05, bool adaptive = false) =>
        new(optimizer, rho, adaptive);

    /// <summary>Wraps the optimizer with the given options.</summary>
    /// <param name="optimizer">The base optimizer; the wrapper takes ownership.</param>
    /// <param name="options">The recipe and its settings.</param>
    public static SharpnessAwareOptimizer WithSharpnessAwareness(this Optimizer optimizer, SharpnessAwareOptions options) => new(optimizer, options);

    /// <summary>Computes gradients as <c>loss.backward()</c> does, of the loss times <see cref="SharpnessAwareOptimizer.LossScale"/>. The optimizer
    /// divides the scale out of the gradients when it reads them. Without a <see cref="SharpnessAwareOptions.LossScaler"/> it is
    /// <c>loss.backward()</c>.</summary>
    /// <param name="optimizer">The optimizer whose step the gradients are for.</param>
    /// <param name="loss">The loss, one element. Closures return this loss itself, not scaled.</param>
    /// <exception cref="InvalidOperationException">The loss is not one number, or no trainable parameter leads to it.</exception>
    public static void Backward(this SharpnessAwareOptimizer optimizer, Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(loss);
        ScalarLoss.RequireGraph(loss);
        if (optimizer.Services.Scale is { } scale) scale.Backward(loss);
        else loss.backward();
    }
}
