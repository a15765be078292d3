using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>How TorchSharp's optimizer of the same algorithm keeps its options and state, so that training can change over in either
/// direction.</summary>
internal abstract class TorchTwin
{
    /// <summary>TorchSharp's options as ours; null if they are another optimizer's.</summary>
    public abstract GroupOptions? Read(OptimizerOptions options);

    /// <summary>Our options as TorchSharp's.</summary>
    public abstract OptimizerOptions Write(GroupOptions options);

    /// <summary>TorchSharp's state of a parameter as a count of steps and tensors in the order of our layout, which stay
    /// TorchSharp's; null if it is another optimizer's.</summary>
    public abstract (long Step, Tensor?[] Tensors)? Read(OptimizerState state);

    /// <summary>Replaces TorchSharp's state of a parameter by ours; it takes over the tensors.</summary>
    public abstract void Write(OptimizerState state, long step, Tensor?[] tensors);

    /// <summary>-1 where TorchSharp's tensors have the opposite sign under these options, else 1.</summary>
    public virtual double SignUnder(GroupOptions options) => 1;

    private protected static T WithRates<T>(T options, OptimizerOptions from) where T : OptimizerOptions
    {
        (options.LearningRate, options.InitialLearningRate) = (from.LearningRate, from.InitialLearningRate);
        return options;
    }
}

/// <summary>TorchSharp's Adam.</summary>
internal sealed class AdamTwin : TorchTwin
{
    public static AdamTwin Instance { get; } = new();

    public override GroupOptions? Read(OptimizerOptions options) => options is not Adam.Options own ? null : WithRates(new AdamOptions
    {
        Beta1 = own.beta1,
        Beta2 = own.beta2,
        Epsilon = own.eps,
        WeightDecay = own.weight_decay,
        AmsGrad = own.amsgrad,
        Maximize = own.maximize,
    }, own);

    public override OptimizerOptions Write(GroupOptions options)
    {
        var own = (AdamOptions)options;
        return WithRates(new Adam.Options
        {
            beta1 = own.Beta1,
            beta2 = own.Beta2,
            eps = own.Epsilon,
            weight_decay = own.WeightDecay,
            amsgrad = own.AmsGrad,
            maximize = own.Maximize,
        }, own);
    }

    public override (long Step, Tensor?[] Tensors)? Read(OptimizerState state) =>
        state is Adam.State own ? (own.step, [own.exp_avg, own.exp_avg_sq, own.max_exp_avg_sq]) : null;

    public override void Write(OptimizerState state, long step, Tensor?[] tensors)
    {
        var own = (Adam.State)state;
        foreach (var old in new[] { own.exp_avg, own.exp_avg_sq, own.max_exp_avg_sq }) old?.Dispose();
        (own.step, own.exp_avg, own.exp_avg_sq, own.max_exp_avg_sq) = (step, tensors[0], tensors[1], tensors[2]);
    }
}

/// <summary>TorchSharp's AdamW.</summary>
internal sealed class AdamWTwin : TorchTwin
{
    public static AdamWTwin Instance { get; } = new();

    public override GroupOptions? Read(OptimizerOptions options) => options is not AdamW.Options own ? null : WithRates(new AdamOptions
    {
        Beta1 = own.beta1,
        Beta2 = own.beta2,
        Epsilon = own.eps,
        WeightDecay = own.weight_decay,
        AmsGrad = own.amsgrad,
        Maximize = own.maximize,
    }, own);

    public override OptimizerOptions Write(GroupOptions options)
    {
        var own = (AdamOptions)options;
        return WithRates(new AdamW.Options
        {
            beta1 = own.Beta1,
            beta2 = own.Beta2,
            eps = own.Epsilon,
            weight_decay = own.WeightDecay,
            amsgrad = own.AmsGrad,
            maximize = own.Maximize,
        }, own);
    }

    public override (long Step, Tensor?[] Tensors)? Read(OptimizerState state) =>
        state is AdamW.State own ? (own.step, [own.exp_avg, own.exp_avg_sq, own.max_exp_avg_sq]) : null;

    public override void Write(OptimizerState state, long step, Tensor?[] tensors)
    {
        var own = (AdamW.State)state;
        foreach (var old in new[] { own.exp_avg, own.exp_avg_sq, own.max_exp_avg_sq }) old?.Dispose();
        (own.step, own.exp_avg, own.exp_avg_sq, own.max_exp_avg_sq) = (step, tensors[0], tensors[1], tensors[2]);
    }
}

/// <summary>TorchSharp's SGD, which counts no steps.</summary>
internal sealed class SgdTwin : TorchTwin
{
    public static SgdTwin Instance { get; } = new();

    public override GroupOptions? Read(OptimizerOptions options) => options is not SGD.Options own ? null : WithRates(new FusedSGD.Options
    {
        Momentum = own.momentum,
        Dampening = own.dampening,
        WeightDecay = Turned(own.weight_decay, own.maximize),
        Nesterov = own.nesterov,
        Maximize = own.maximize,
    }, own);

    public override OptimizerOptions Write(GroupOptions options)
    {
        var own = (FusedSGD.Options)options;
        return WithRates(new SGD.Options
        {
            momentum = own.Momentum,
            dampening = own.Dampening,
            weight_decay = Turned(own.WeightDecay, own.Maximize),
            nesterov = own.Nesterov,
            maximize = own.Maximize,
        }, own);
    }

    public override (long Step, Tensor?[] Tensors)? Read(OptimizerState state) =>
        state is SGD.State own ? (own.momentum_buffer is null ? 0 : 1, [own.momentum_buffer]) : null;

    public override void Write(OptimizerState state, long step, Tensor?[] tensors)
    {
        var own = (SGD.State)state;
        own.momentum_buffer?.Dispose();
        own.momentum_buffer = tensors[0];
    }

    /// <summary>To maximize, TorchSharp turns the decay with the gradient, so that weights grow; PyTorch and <see cref="FusedSGD"/> do not.</summary>
    public static double? Turned(double? weightDecay, bool? maximize) => maximize == true && weightDecay is not 0 ? -weightDecay : weightDecay;

    /// <summary>To maximize, TorchSharp gathers the gradient and turns the step; here the gradient is turned, as in PyTorch.</summary>
    public override double SignUnder(GroupOptions options) => ((FusedSGD.Options)options).Maximize == true ? -1 : 1;
}
