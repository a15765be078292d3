using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>Makes any TorchSharp optimizer sharpness-aware, and adds the steps of published algorithms to a <see cref="SharpnessAwareOptimizer"/>.</summary>
public static partial class OptimizerExtensions
{
    /// <summary>Wraps the optimizer: <c>new SharpnessAwareOptimizer(optimizer, rho, adaptive)</c>.</summary>
    /// <param name="optimizer">The base optimizer, owned by the wrapper from then on.</param>
    /// <param name="rho">The radius. Default 0.05.</param>
    /// <param name="adaptive">True for ASAM as in davda54/sam: every parameter in its own scale, kappa = 0.</param>
    public static SharpnessAwareOptimizer WithSharpnessAwareness(this Optimizer optimizer, double rho = 0.05, bool adaptive = false) =>
        new(optimizer, rho, adaptive);

    /// <summary>Wraps the optimizer with the given options.</summary>
    /// <param name="optimizer">The base optimizer, owned by the wrapper from then on.</param>
    /// <param name="options">How it is made sharpness-aware.</param>
    public static SharpnessAwareOptimizer WithSharpnessAwareness(this Optimizer optimizer, SharpnessAwareOptions options) => new(optimizer, options);
}
