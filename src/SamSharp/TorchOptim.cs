using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

// snake_case: these stand beside torch.optim.AdamW(...) and take its arguments by its names.
public static partial class OptimizerExtensions
{
    extension(optim)
    {
        /// <summary>Makes an optimizer sharpness-aware: <c>torch.optim.SAM(torch.optim.AdamW(model.parameters()), rho: 0.05)</c>.</summary>
        /// <param name="optimizer">The base optimizer; the wrapper takes ownership.</param>
        /// <param name="rho">The radius. Default 0.05.</param>
        /// <param name="adaptive">True for ASAM as in davda54/sam: every parameter adaptive, kappa = 0. Default false.</param>
        public static SharpnessAwareOptimizer SAM(optim.Optimizer optimizer, double rho = 0.05, bool adaptive = false) =>
            new(optimizer, rho, adaptive);

        /// <summary>Makes an optimizer sharpness-aware by a recipe: <c>torch.optim.SAM(optimizer, Recipe.Gsam())</c>.</summary>
        /// <param name="optimizer">The base optimizer; the wrapper takes ownership.</param>
        /// <param name="options">The recipe and its settings.</param>
        public static SharpnessAwareOptimizer SAM(optim.Optimizer optimizer, SharpnessAwareOptions options) => new(optimizer, options);

        /// <summary><see cref="Optimizers.FusedAdamW"/> with the arguments and defaults of <c>torch.optim.AdamW</c>.</summary>
        /// <param name="parameters">The parameters.</param>
        /// <param name="lr">Learning rate (1e-3).</param>
        /// <param name="beta1">Decay of the first moment (0.9).</param>
        /// <param name="beta2">Decay of the second moment (0.999).</param>
        /// <param name="eps">Added to the root of the second moment (1e-8).</param>
        /// <param name="weight_decay">Decoupled weight decay (0).</param>
        /// <param name="amsgrad">Whether the largest second moment so far replaces the current one (false).</param>
        /// <param name="maximize">Whether to ascend along the gradient (false).</param>
        public static FusedAdamW FusedAdamW(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999,
            double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
            new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

        /// <inheritdoc cref="FusedAdamW(IEnumerable{Parameter}, double, double, double, double, double, bool, bool)"/>
        public static FusedAdamW FusedAdamW(IEnumerable<(string name, Parameter parameter)> parameters, double lr = 1e-3, double beta1 = 0.9,
            double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
            new(Unnamed(parameters), lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

        /// <inheritdoc cref="FusedAdamW(IEnumerable{Parameter}, double, double, double, double, double, bool, bool)"/>
        public static FusedAdamW FusedAdamW(IEnumerable<AdamW.ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999,
            double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
            new(Present(parameters).Select(group => new FusedAdamW.ParamGroup(group.Parameters, OptionsOf<AdamOptions>(group, AdamWTwin.Instance))),
                lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

        /// <summary><see cref="Optimizers.FusedAdam"/> with the arguments and defaults of <c>torch.optim.Adam</c>.</summary>
        /// <param name="parameters">The parameters.</param>
        /// <param name="lr">Learning rate (1e-3).</param>
        /// <param name="beta1">Decay of the first moment (0.9).</param>
        /// <param name="beta2">Decay of the second moment (0.999).</param>
        /// <param name="eps">Added to the root of the second moment (1e-8).</param>
        /// <param name="weight_decay">Weight decay, added to the gradient as an L2 penalty (0).</param>
        /// <param name="amsgrad">Whether the largest second moment so far replaces the current one (false).</param>
        /// <param name="maximize">Whether to ascend along the gradient (false).</param>
        public static FusedAdam FusedAdam(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999,
            double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
            new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

        /// <inheritdoc cref="FusedAdam(IEnumerable{Parameter}, double, double, double, double, double, bool, bool)"/>
        public static FusedAdam FusedAdam(IEnumerable<(string name, Parameter parameter)> parameters, double lr = 1e-3, double beta1 = 0.9,
            double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
            new(Unnamed(parameters), lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

        /// <inheritdoc cref="FusedAdam(IEnumerable{Parameter}, double, double, double, double, double, bool, bool)"/>
        public static FusedAdam FusedAdam(IEnumerable<Adam.ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999,
            double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
            new(Present(parameters).Select(group => new FusedAdam.ParamGroup(group.Parameters, OptionsOf<AdamOptions>(group, AdamTwin.Instance))),
                lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

        /// <summary><see cref="Optimizers.FusedSGD"/> with the arguments and defaults of <c>torch.optim.SGD</c>.</summary>
        /// <param name="parameters">The parameters.</param>
        /// <param name="learningRate">Learning rate.</param>
        /// <param name="momentum">Decay of the momentum buffer (0: none is kept).</param>
        /// <param name="dampening">Share of each gradient except the first that the momentum buffer leaves out (0).</param>
        /// <param name="weight_decay">Weight decay, added to the gradient as an L2 penalty (0).</param>
        /// <param name="nesterov">Whether the step looks ahead along the momentum (false).</param>
        /// <param name="maximize">Whether to ascend along the gradient (false). With weight decay the weights then grow, as in TorchSharp's SGD;
        /// <c>new FusedSGD(...)</c> lets them shrink, as PyTorch does.</param>
        public static FusedSGD FusedSGD(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0,
            double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
            new(parameters, learningRate, momentum, dampening, Decay(weight_decay, maximize), nesterov, maximize);

        /// <inheritdoc cref="FusedSGD(IEnumerable{Parameter}, double, double, double, double, bool, bool)"/>
        public static FusedSGD FusedSGD(IEnumerable<(string name, Parameter parameter)> parameters, double learningRate, double momentum = 0,
            double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
            new(Unnamed(parameters), learningRate, momentum, dampening, Decay(weight_decay, maximize), nesterov, maximize);

        /// <inheritdoc cref="FusedSGD(IEnumerable{Parameter}, double, double, double, double, bool, bool)"/>
        public static FusedSGD FusedSGD(IEnumerable<SGD.ParamGroup> parameters, double learningRate, double momentum = 0, double dampening = 0,
            double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
            new(Present(parameters).Select(group => new FusedSGD.ParamGroup(group.Parameters, OptionsOf<FusedSGD.Options>(group, SgdTwin.Instance))),
                learningRate, momentum, dampening, Decay(weight_decay, maximize), nesterov, maximize);

        /// <summary><see cref="Optimizers.Adafactor"/> with the arguments and defaults of Hugging Face's class of the same name.</summary>
        /// <param name="parameters">The parameters.</param>
        /// <param name="lr">Learning rate; null (default) for the relative step.</param>
        /// <param name="eps1">Added to the squared gradient (1e-30).</param>
        /// <param name="eps2">Least root mean square of a parameter in parameter scaling (1e-3).</param>
        /// <param name="clip_threshold">Largest root mean square of an update before the learning rate (1).</param>
        /// <param name="decay_rate">Exponent of t in the decay of the second moment (-0.8).</param>
        /// <param name="beta1">Decay of the first moment (0: none is kept).</param>
        /// <param name="weight_decay">Decoupled weight decay (0).</param>
        /// <param name="scale_parameter">Whether the learning rate is multiplied by the parameter's root mean square (true).</param>
        /// <param name="relative_step">Whether the learning rate follows from the step count; if omitted, it does when
        /// <paramref name="lr"/> is null.</param>
        /// <param name="warmup_init">Whether the relative step starts at 1e-6 and grows linearly (false).</param>
        public static Adafactor Adafactor(IEnumerable<Parameter> parameters, double? lr = null, double eps1 = 1e-30, double eps2 = 1e-3,
            double clip_threshold = 1, double decay_rate = -0.8, double beta1 = 0, double weight_decay = 0, bool scale_parameter = true,
            bool? relative_step = null, bool warmup_init = false) =>
            new(parameters, lr, eps1, eps2, clip_threshold, decay_rate, beta1, weight_decay, scale_parameter, relative_step, warmup_init);

        /// <inheritdoc cref="Adafactor(IEnumerable{Parameter}, double?, double, double, double, double, double, double, bool, bool?, bool)"/>
        public static Adafactor Adafactor(IEnumerable<(string name, Parameter parameter)> parameters, double? lr = null, double eps1 = 1e-30,
            double eps2 = 1e-3, double clip_threshold = 1, double decay_rate = -0.8, double beta1 = 0, double weight_decay = 0,
            bool scale_parameter = true, bool? relative_step = null, bool warmup_init = false) =>
            new(Unnamed(parameters), lr, eps1, eps2, clip_threshold, decay_rate, beta1, weight_decay, scale_parameter, relative_step, warmup_init);

        /// <inheritdoc cref="Adafactor(IEnumerable{Parameter}, double?, double, double, double, double, double, double, bool, bool?, bool)"/>
        public static Adafactor Adafactor(IEnumerable<Adafactor.ParamGroup> parameters, double? lr = null, double eps1 = 1e-30,
            double eps2 = 1e-3, double clip_threshold = 1, double decay_rate = -0.8, double beta1 = 0, double weight_decay = 0,
            bool scale_parameter = true, bool? relative_step = null, bool warmup_init = false) =>
            new(parameters, lr, eps1, eps2, clip_threshold, decay_rate, beta1, weight_decay, scale_parameter, relative_step, warmup_init);
    }

    private static IEnumerable<Parameter> Unnamed(IEnumerable<(string name, Parameter parameter)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Select(pair => pair.parameter);
    }

    private static IEnumerable<T> Present<T>(IEnumerable<T> groups) where T : ParamGroup
    {
        ArgumentNullException.ThrowIfNull(groups);
        return groups.Select((group, i) => group ?? throw new ArgumentException($"Param group {i} is null.", nameof(groups)));
    }

    /// <summary>The decay that moves weights as TorchSharp's SGD does.</summary>
    private static double Decay(double weightDecay, bool maximize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weightDecay);
        return SgdTwin.Turned(weightDecay, maximize)!.Value;
    }

    /// <summary>The options of TorchSharp's group as ours; null if the group has none.</summary>
    private static T? OptionsOf<T>(ParamGroup group, TorchTwin twin) where T : GroupOptions =>
        group.Options is null ? null : (T?)twin.Read(group.Options);
}
