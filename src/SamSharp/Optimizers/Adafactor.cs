using SamSharp.Optimizers.AdafactorKernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// Adafactor (Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", arXiv:1804.04235), the
/// optimizer T5 was trained with, with the semantics of Hugging Face's class of that name. A matrix of R x C weights keeps R + C
/// numbers of state in place of Adam's 2 x R x C.
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
/// <para>float16 and bfloat16 parameters have their state and arithmetic in float32. A parameter without gradient is skipped:
/// neither its state nor its step counter moves. A step reads nothing back from the device.</para>
/// <para>With a relative step the group's LearningRate reports the size of the last step before parameter scaling (before the first
/// step: of the first one); setting it, as a scheduler does, has no effect. Give a learning rate to use a scheduler. OneCycleLR and CyclicLR need
/// <c>cycle_momentum: false</c>.</para>
/// </remarks>
public sealed partial class Adafactor : OptimizerHelper
{
    private readonly IAdafactorKernel _kernel;

    /// <inheritdoc cref="Adafactor(IEnumerable{ParamGroup}, double?, double, double, double, double, double, double, bool, bool?, bool, AdafactorKernel)"/>
    public Adafactor(IEnumerable<Parameter> parameters, double? lr = null, double epsilon1 = 1e-30, double epsilon2 = 1e-3,
        double clipThreshold = 1, double decayRate = -0.8, double beta1 = 0, double weightDecay = 0, bool scaleParameter = true,
        bool? relativeStep = null, bool warmupInit = false, AdafactorKernel kernel = AdafactorKernel.Automatic)
        : this([new ParamGroup(parameters)], lr, epsilon1, epsilon2, clipThreshold, decayRate, beta1, weightDecay, scaleParameter,
            relativeStep, warmupInit, kernel)
    {
    }

    /// <summary>Creates the optimizer. The defaults are Hugging Face's: no learning rate is needed.</summary>
    /// <param name="parameters">The parameters, or groups of them; what a group's options leave out is filled in from the arguments here.</param>
    /// <param name="lr">Learning rate; null takes the relative step. T5 is usually fine-tuned with 1e-3 and no parameter scaling.</param>
    /// <param name="epsilon1">Added to the squared gradient (1e-30).</param>
    /// <param name="epsilon2">Least root mean square of a parameter in parameter scaling (1e-3).</param>
    /// <param name="clipThreshold">Largest root mean square of an update before the learning rate (1).</param>
    /// <param name="decayRate">Exponent of t in the decay of the second moment, at most 0 (-0.8).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1); 0, the default, keeps none.</param>
    /// <param name="weightDecay">Decoupled weight decay, multiplied by the (scaled) learning rate (0).</param>
    /// <param name="scaleParameter">Whether the learning rate is multiplied by the parameter's root mean square (true).</param>
    /// <param name="relativeStep">Whether the learning rate follows from the step count. Left out: where <paramref name="lr"/> is null.</param>
    /// <param name="warmupInit">Whether the relative step starts at 1e-6 and grows linearly (false).</param>
    /// <param name="kernel">Which implementation computes the update; the default chooses the fastest for the tensors at hand.</param>
    /// <exception cref="ArgumentException">A value is out of its range, a learning rate comes with a relative step, or neither is given,
    /// or a parameter appears twice.</exception>
    public Adafactor(IEnumerable<ParamGroup> parameters, double? lr = null, double epsilon1 = 1e-30, double epsilon2 = 1e-3,
        double clipThreshold = 1, double decayRate = -0.8, double beta1 = 0, double weightDecay = 0, bool scaleParameter = true,
        bool? relativeStep = null, bool warmupInit = false, AdafactorKernel kernel = AdafactorKernel.Automatic)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var defaults = new Options
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
        };
        defaults.Validate();
        _defaults = defaults;
        _parameter_groups = [];
        _kernel = kernel switch
        {
            AdafactorKernel.Automatic => VectorizedKernel.Instance,
            AdafactorKernel.Reference => ReferenceKernel.Instance,
            AdafactorKernel.MultiTensor => MultiTensorKernel.Instance,
            _ => throw new ArgumentException($"kernel is {kernel}; it can be one of {string.Join(", ", Enum.GetNames<AdafactorKernel>())}.", nameof(kernel)),
        };
        foreach (var group in parameters) add_param_group(group);
    }

    /// <summary>Adds a group; options it leaves out are the optimizer's.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or a parameter is in the optimizer already.</exception>
    public override void add_param_group(TorchSharp.Modules.ParamGroup param_group)
    {
        ArgumentNullException.ThrowIfNull(param_group);
        var options = param_group.Options as Options ?? (param_group.Options is null ? new Options()
            : throw new ArgumentException($"The group's options are {param_group.Options.GetType()}; Adafactor needs Adafactor.Options."));
        var parameters = param_group.Parameters.ToList();
        options.FillFrom((Options)_defaults);
        options.Validate();

        var known = _state.Keys.ToHashSet();
        foreach (var parameter in parameters)
        {
            if (!parameter.is_floating_point())
                throw new ArgumentException($"A parameter is of type {parameter.dtype}; Adafactor needs floating-point parameters.");
            if (!known.Add(parameter.Handle))
                throw new ArgumentException($"A parameter of shape [{string.Join(", ", parameter.shape)}] was given twice; it would be updated twice a step.");
        }

        options.ReportLearningRate(1);
        options.InitialLearningRate = options.LearningRate!.Value;
        param_group.Options = options;
        param_group.Parameters = parameters;
        _parameter_groups.Add(param_group);
        foreach (var parameter in parameters)
        {
            var state = new State(parameter, _state.Count);
            state.Initialize(options);
            _state[parameter.Handle] = state;
        }
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="closure">Computes the loss and its gradients first; optional.</param>
    /// <returns>The closure's loss, or null.</returns>
    /// <exception cref="NotSupportedException">A gradient is sparse; nothing has moved.</exception>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using var withGradients = enable_grad();
            loss = closure();
        }

        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        foreach (var batch in Gather()) _kernel.Update(batch);
        return loss!;
    }

    /// <summary>What is to be done in this step, all of it checked before any weight moves.</summary>
    private List<AdafactorBatch> Gather()
    {
        var batches = new List<AdafactorBatch>();
        foreach (var group in _parameter_groups) batches.AddRange(AdafactorBatch.Gather(group.Parameters, p => (State)_state[p.Handle], (Options)group.Options));
        foreach (var batch in batches) batch.Begin();
        return batches;
    }
}
