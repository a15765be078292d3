using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101; AMSGrad: Reddi et al. 2018,
/// arXiv:1904.09237) in one pass over the memory of weights, gradients and state.
/// </summary>
/// <remarks>
/// <para>For one parameter w with gradient g (its negative to maximize) at its own step t = 1, 2, ...:</para>
/// <code>
/// w = w (1 - lr weightDecay)
/// m = beta1 m + (1 - beta1) g
/// v = beta2 v + (1 - beta2) g^2
/// w = w - lr / (1 - beta1^t) * m / (sqrt v / sqrt(1 - beta2^t) + epsilon)    AMSGrad: the largest v so far in place of v
/// </code>
/// <para>The semantics are PyTorch's, the defaults TorchSharp's. The state is float32 for float16 and bfloat16 parameters, which are
/// updated on a copy that lives as long as the step, as are parameters that are not contiguous. A parameter without a gradient is
/// skipped: neither its state nor its step counter moves. A step reads nothing from the device.</para>
/// </remarks>
public sealed class FusedAdamW : StatefulOptimizer, optim.IBetas
{
    /// <inheritdoc cref="FusedAdamW(IEnumerable{ParamGroup}, double, double, double, double, double, bool, bool)"/>
    public FusedAdamW(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0, bool amsgrad = false, bool maximize = false)
        : this([new ParamGroup(parameters)], lr, beta1, beta2, epsilon, weightDecay, amsgrad, maximize)
    {
    }

    /// <summary>Creates the optimizer.</summary>
    /// <param name="parameters">The parameters, or groups of them; options that a group leaves out come from the arguments here.</param>
    /// <param name="lr">Learning rate (1e-3).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1) (0.9).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1) (0.999).</param>
    /// <param name="epsilon">Added to the root of the second moment (1e-8).</param>
    /// <param name="weightDecay">Decoupled weight decay, multiplied by the learning rate (0, TorchSharp's default;
    /// PyTorch's is 0.01).</param>
    /// <param name="amsgrad">Whether the largest second moment so far replaces the current one (false).</param>
    /// <param name="maximize">Whether to ascend along the gradient instead of descending (false).</param>
    /// <exception cref="ArgumentException">A value is out of range, or a parameter appears twice.</exception>
    public FusedAdamW(IEnumerable<ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0, bool amsgrad = false, bool maximize = false)
        : base(parameters, new AdamOptions
        {
            LearningRate = lr,
            Beta1 = beta1,
            Beta2 = beta2,
            Epsilon = epsilon,
            WeightDecay = weightDecay,
            AmsGrad = amsgrad,
            Maximize = maximize,
        }, new AdamRule(decoupled: true))
    {
    }

    /// <summary>The betas of groups added from now on that do not set their own.</summary>
    public (double, double) Betas
    {
        get => ((AdamOptions)_defaults).Betas;
        set => ((AdamOptions)_defaults).Betas = value;
    }

    /// <summary>Copies options and state to TorchSharp's AdamW, so that training goes on there. The other direction is
    /// <c>fused.load_state_dict(adamW.state_dict())</c>.</summary>
    /// <param name="optimizer">An optimizer with groups and parameters of the same shapes, in the same order.</param>
    /// <exception cref="ArgumentException">The groups or shapes differ; nothing has changed.</exception>
    public void CopyStateTo(AdamW optimizer) => CopyStateToTwin(optimizer);

    /// <summary>Parameters that share their options.</summary>
    /// <param name="parameters">The parameters; omit them to set them in an initializer.</param>
    /// <param name="options">Their options; omitted values come from the optimizer.</param>
    public sealed class ParamGroup(IEnumerable<Parameter>? parameters = null, AdamOptions? options = null)
        : ParamGroup<AdamOptions>(parameters ?? [], options!), optim.IBetas
    {
        /// <inheritdoc/>
        public (double, double) Betas
        {
            get => GroupOptions.Of(Options).Betas;
            set => GroupOptions.Of(Options).Betas = value;
        }
    }
}
