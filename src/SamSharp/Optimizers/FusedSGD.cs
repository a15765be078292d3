using System.Numerics;
using SamSharp.Kernels;
using SamSharp.Kernels.Vectorized;
using SamSharp.Optimizers.FusedKernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum (Nesterov's as in Sutskever et al. 2013, "On the importance of initialization and momentum in deep
/// learning") in one pass over the memory of weights, gradients and state.
/// </summary>
/// <remarks>
/// <para>For one parameter w with gradient g (its negative to maximize):</para>
/// <code>
/// g = g + weightDecay w
/// b = g                                    with momentum, the first time
/// b = momentum b + (1 - dampening) g       later
/// d = b, or g + momentum b (Nesterov), or g (no momentum)
/// w = w - lr d
/// </code>
/// <para>The semantics are PyTorch's. The state is float32 for float16 and bfloat16 parameters, which are updated on a copy that
/// lives as long as the step, as are those that are not contiguous. A parameter without gradient is skipped: neither its
/// state nor its step counter moves. A step reads nothing back from the device.</para>
/// </remarks>
public sealed partial class FusedSGD : FusedOptimizer<FusedSGD.Options, FusedSGD.State>, optim.IMomentum
{
    private static readonly TorchScript Script = new("""
        def sgd(w: List[Tensor], g: List[Tensor], b: List[Tensor], lr: float, momentum: float, dampening: float, weight_decay: float,
                nesterov: bool, maximize: bool, is_first_step: bool, found_inf: Optional[Tensor]):
            torch._fused_sgd_(w, g, b, weight_decay=weight_decay, momentum=momentum, lr=lr, dampening=dampening, nesterov=nesterov,
                              maximize=maximize, is_first_step=is_first_step, grad_scale=None, found_inf=found_inf)
        """);

    /// <inheritdoc cref="FusedSGD(IEnumerable{ParamGroup}, double, double, double, double, bool, bool)"/>
    public FusedSGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weightDecay = 0,
        bool nesterov = false, bool maximize = false)
        : this([new ParamGroup(parameters)], lr, momentum, dampening, weightDecay, nesterov, maximize)
    {
    }

    /// <summary>Creates the optimizer.</summary>
    /// <param name="parameters">The parameters, or groups of them; what a group's options leave out is filled in from the arguments here.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="momentum">Decay of the momentum buffer, at least 0 (0: none is kept).</param>
    /// <param name="dampening">Share of each gradient but the first that the momentum buffer leaves out (0).</param>
    /// <param name="weightDecay">Weight decay, added to the gradient as an L2 penalty (0).</param>
    /// <param name="nesterov">Whether the step looks ahead along the momentum; needs momentum and no dampening (false).</param>
    /// <param name="maximize">Whether to climb the gradient in place of descending it (false).</param>
    /// <exception cref="ArgumentException">A value is out of its range, or a parameter appears twice.</exception>
    public FusedSGD(IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weightDecay = 0,
        bool nesterov = false, bool maximize = false)
        : base(parameters, new Options
        {
            LearningRate = lr,
            Momentum = momentum,
            Dampening = dampening,
            WeightDecay = weightDecay,
            Nesterov = nesterov,
            Maximize = maximize,
        })
    {
    }

    /// <summary>The momentum that groups added from now on take where they have none of their own.</summary>
    public double Momentum
    {
        get => Defaults.Momentum!.Value;
        set => Defaults.Momentum = value;
    }

    private protected override State CreateState(Parameter parameter, int index) => new(parameter, index);

    /// <summary>A buffer that begins takes the gradient whole; were that step left out, the next would not know that it is the first.</summary>
    private protected override bool MustKnow(FusedBatch<Options, State> batch) =>
        batch.Stage == State.First && batch.Options.Momentum > 0 && batch.Options.Dampening != 0;

    private protected override void Update(FusedBatch<Options, State> batch, TensorMemory memory)
    {
        var first = batch.Stage == State.First;
        if (memory.Dtype == ScalarType.Float32) Update(memory, new SgdRule<float>(batch.Options, first), batch.Options.Momentum > 0);
        else Update(memory, new SgdRule<double>(batch.Options, first), batch.Options.Momentum > 0);
    }

    private static unsafe void Update<T>(TensorMemory memory, SgdRule<T> rule, bool momentum) where T : unmanaged, IFloatingPointIeee754<T> => Work.ForEach(memory, piece =>
        rule.Update(memory.At<T>(0, piece), memory.At<T>(1, piece), momentum ? memory.At<T>(2, piece) : null, piece.Count));

    private protected override void UpdateByLibtorch(FusedBatch<Options, State> batch, Tensor? foundInf)
    {
        var options = batch.Options;
        Script.Run("sgd",
        [
            batch.Weights, batch.Gradients, options.Momentum > 0 ? batch.Of(0) : [],
            options.LearningRate!.Value, options.Momentum!.Value, options.Dampening!.Value, options.WeightDecay!.Value,
            options.Nesterov!.Value, options.Maximize!.Value, batch.Stage == State.First, foundInf!,
        ]);
    }
}
