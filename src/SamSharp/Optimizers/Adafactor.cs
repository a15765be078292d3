using TorchSharp.Modules;

namespace SamSharp.Optimizers;

/// <summary>
/// Adafactor (Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", arXiv:1804.04235), the
/// optimizer that T5 was trained with, with the semantics of Hugging Face's class of the same name. A matrix of R x C weights keeps R + C
/// numbers of state instead of Adam's 2 x R x C.
/// </summary>
/// <remarks>
/// <para>For one parameter w with gradient g at its own step t = 1, 2, ...; rms(x) = |x| / sqrt(number of elements):</para>
/// <code>
/// lr = given, or min(0.01, 1 / sqrt t)            relative step; with warm-up min(1e-6 t, 1 / sqrt t)
/// lr = lr * max(epsilon2, rms(w))                 parameter scaling
/// b  = 1 - t^decayRate
/// u  = g^2 + epsilon1
/// R  = b R + (1 - b) mean(u, last dimension)      two dimensions or more: row and column statistics
/// C  = b C + (1 - b) mean(u, last but one)
/// V  = R C / mean(R)                              fewer dimensions: V = b V + (1 - b) u
/// d  = g / sqrt V
/// d  = lr * d / max(1, rms(d) / clipThreshold)
/// m  = beta1 m + (1 - beta1) d,  d = m            only with beta1 > 0; no bias correction
/// w  = w (1 - weightDecay lr) - d
/// </code>
/// <para>float16 and bfloat16 parameters have their state and arithmetic in float32. A parameter without a gradient is skipped:
/// neither its state nor its step counter moves. A step reads nothing from the device.</para>
/// <para>With a relative step, the group's LearningRate reports the size of the last step before parameter scaling (before the first step,
/// the size of the first one; steps skipped on a GPU count); setting it, as a scheduler does, has no effect. Set a learning rate to use a
/// scheduler. OneCycleLR and CyclicLR need <c>cycle_momentum: false</c>.</para>
/// </remarks>
public sealed partial class Adafactor : StatefulOptimizer
{
    /// <inheritdoc cref="Adafactor(IEnumerable{ParamGroup}, double?, double, double, double, double, double, double, bool, bool?, bool,
    /// UpdateKernels)"/>
    public Adafactor(IEnumerable<Parameter> parameters, double? lr = null, double epsilon1 = 1e-30, double epsilon2 = 1e-3,
        double clipThreshold = 1, double decayRate = -0.8, double beta1 = 0, double weightDecay = 0, bool scaleParameter = true,
        bool? relativeStep = null, bool warmupInit = false, UpdateKernels kernel = UpdateKernels.Automatic)
        : this([new ParamGroup(parameters)], lr, epsilon1, epsilon2, clipThreshold, decayRate, beta1, weightDecay, scaleParameter,
            relativeStep, warmupInit, kernel)
    {
    }

    /// <summary>Creates the optimizer. The defaults are Hugging Face's: no learning rate is needed.</summary>
    /// <param name="parameters">The parameters, or groups of them; options that a group leaves out come from the arguments here.</param>
    /// <param name="lr">Learning rate; null for the relative step. T5 is usually fine-tuned with 1e-3 and no parameter scaling.</param>
    /// <param name="epsilon1">Added to the squared gradient (1e-30).</param>
    /// <param name="epsilon2">Least root mean square of a parameter in parameter scaling (1e-3).</param>
    /// <param name="clipThreshold">Largest root mean square of an update before the learning rate (1).</param>
    /// <param name="decayRate">Exponent of t in the decay of the second moment, at most 0 (-0.8).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1); 0, the default, keeps none.</param>
    /// <param name="weightDecay">Decoupled weight decay, multiplied by the (scaled) learning rate (0).</param>
    /// <param name="scaleParameter">Whether the learning rate is multiplied by the parameter's root mean square (true).</param>
    /// <param name="relativeStep">Whether the learning rate follows from the step count; if omitted, it
    /// does when <paramref name="lr"/> is null.</param>
    /// <param name="warmupInit">Whether the relative step starts at 1e-6 and grows linearly (false).</param>
    /// <param name="kernel">Which implementation computes the update; the default chooses the fastest for the given tensors.</param>
    /// <exception cref="ArgumentException">A value is out of range, a learning rate comes with a relative step, or neither is given,
    /// or a parameter appears twice.</exception>
    public Adafactor(IEnumerable<ParamGroup> parameters, double? lr = null, double epsilon1 = 1e-30, double epsilon2 = 1e-3,
        double clipThreshold = 1, double decayRate = -0.8, double beta1 = 0, double weightDecay = 0, bool scaleParameter = true,
        bool? relativeStep = null, bool warmupInit = false, UpdateKernels kernel = UpdateKernels.Automatic)
        : base(parameters, new Options
        {
            LearningRate = lr,
            Epsilon1 = epsilon1,
            Epsilon2 = epsilon2,
            ClipThreshold = clipThreshold,
            DecayRate = decayRate,
            Beta1 = beta1,
            WeightDecay = weightDecay,
            ScaleParameter = scaleParameter,
            RelativeStep = relativeStep ?? lr is null,
            WarmupInit = warmupInit,
        }, new AdafactorRule()) => Kernel = Enum.IsDefined(kernel)
            ? kernel
            : throw new ArgumentException(
                $"kernel is {kernel}; it can be one of {string.Join(", ", Enum.GetNames<UpdateKernels>())}.", nameof(kernel));
}
