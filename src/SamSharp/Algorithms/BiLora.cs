using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of Bi-LoRA (Liu et al., "Bi-LoRA: Efficient Sharpness-Aware Minimization for Fine-Tuning Large-Scale Models", 2025): a second
    /// pair of factors in each layer, W + (alpha / rank) B A + B2 A2, climbs the loss while the first descends, from one backward pass. Afterwards
    /// the second pairs are shortened, so that the norm of all B2 A2 together is at most rho.
    /// </summary>
    /// <param name="optimizer">The optimizer of the adapters' parameters, with rho = 0: the second pairs take the place of SAM's ascent.</param>
    /// <param name="closure">The loss; it calls <c>backward()</c>.</param>
    /// <param name="adapters">The layers. The first step adds the second pairs, unless <see cref="LoraAdapters.AddSecondPairs"/> has;
    /// <see cref="LoraAdapters.DropSecondPairs"/> ends their work.</param>
    /// <param name="rho">The largest norm of the second products. Default 0.05 (the paper, for T5).</param>
    /// <returns>The loss.</returns>
    /// <remarks>The second pairs ascend along plain gradients with the learning rate of the first param group. Whether a step was skipped is read
    /// from the device. They are parameters of the model; <see cref="LoraAdapters.State"/> has them until they are dropped, so that training can go
    /// on.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">rho is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">The optimizer holds the second pairs itself; or as for
    /// <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public static Tensor BiLoraStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> closure, LoraAdapters adapters, double rho = 0.05)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(closure);
        ArgumentNullException.ThrowIfNull(adapters);
        Check.NonNegative(rho);
        adapters.AddSecondPairs();
        var pairs = adapters.Layers.Values.Select(layer => layer.Second!.Value).ToArray();
        var factors = pairs.SelectMany(pair => new[] { pair.A.Weight, pair.B.Weight }).ToArray();
        var handles = factors.Select(factor => factor.Handle).ToHashSet();
        if (optimizer.Parameters.Any(slot => handles.Contains(slot.Parameter.Handle)))
            throw new InvalidOperationException("The optimizer holds the second pairs of Bi-LoRA, and would descend them. Build it from " +
                "adapters.Parameters().");
        var (skipped, scale) = (optimizer.LastStep.SkippedSteps, optimizer.LossScale);
        var rate = optimizer.ParamGroups.First().LearningRate;
        var loss = optimizer.Step(() =>
        {
            foreach (var factor in factors) factor.grad = null;
            return closure();
        });
        if (optimizer.LastStep.SkippedSteps == skipped) Ascend(pairs, rate / scale, rho);
        foreach (var factor in factors) factor.grad = null;
        return loss;
    }

    private static void Ascend((LoraFactor A, LoraFactor B)[] pairs, double rate, double rho)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (var factor in pairs.SelectMany(pair => new[] { pair.A.Weight, pair.B.Weight }))
        {
            if (factor.grad is { } gradient) factor.IncreaseBy(gradient, rate);
        }
        var lengths = pairs.Select(pair => pair.B.Weight.mm(pair.A.Weight).EuclideanNorm().to(ScalarType.Float64, CPU));
        var length = stack(lengths).EuclideanNorm().ReadDouble();
        if (!(length > rho)) return;
        foreach (var (a, b) in pairs)
        {
            a.Weight.MultiplyBy(Math.Sqrt(rho / length));
            b.Weight.MultiplyBy(Math.Sqrt(rho / length));
        }
    }
}
