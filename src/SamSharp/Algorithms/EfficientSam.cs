using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// ESAM (Du et al. 2022, see <see cref="LargestRise"/>): the ascent perturbs a random share beta of the tensors, by 1/beta as far, and spares the others their gradients; the
/// descent takes the share gamma of the examples whose losses rose most.
/// </summary>
/// <remarks>The paper masks single weights, dydjw9/Efficient_SAM whole tensors, which alone saves time; the code is followed. Where no tensor at all is drawn, one is.</remarks>
public sealed class EfficientSam
{
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly IExampleRule _rule;
    private readonly Func<long, ParameterSlot, bool> _draws;
    private readonly double _beta;

    /// <summary>ESAM around an optimizer, whose recipe is commonly <see cref="Recipe.Sam"/>.</summary>
    /// <param name="optimizer">Makes the steps.</param>
    /// <param name="beta">The share of tensors, in (0, 1]. Default 0.5 (others' choice; 1 in dydjw9/Efficient_SAM).</param>
    /// <param name="gamma">The share of examples, in (0, 1]. Default 0.5 (the same).</param>
    /// <param name="seed">Of the random tensors; each step's are drawn from it and the step's number.</param>
    /// <param name="rule">The choice of examples, or null for <see cref="LargestRise"/> with gamma.</param>
    /// <param name="draws">Whether a parameter is perturbed in a step (from 1), or null for random.</param>
    /// <exception cref="ArgumentOutOfRangeException">beta or gamma is not in (0, 1].</exception>
    public EfficientSam(SharpnessAwareOptimizer optimizer, double beta = 0.5, double gamma = 0.5, long seed = 0, IExampleRule? rule = null, Func<long, ParameterSlot, bool>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        _optimizer = optimizer;
        _beta = beta > 0 && beta <= 1 ? beta : throw new ArgumentOutOfRangeException(nameof(beta), beta, "The share of tensors must lie in (0, 1].");
        _rule = rule ?? new LargestRise(gamma);
        _draws = draws ?? ((step, slot) => CounterRandom.Uniform(seed, step, slot.Index) < beta);
    }

    /// <summary>One whole step.</summary>
    /// <param name="losses">As for <see cref="ExampleStep.Step(SharpnessAwareOptimizer, Func{Tensor?, Tensor}, IExampleRule)"/>.</param>
    /// <returns>The loss of the first pass, at w.</returns>
    public Tensor Step(Func<Tensor?, Tensor> losses)
    {
        var step = _optimizer.LastStep.Step + 1;
        var trainable = _optimizer.Slots.Where(slot => slot.Parameter.requires_grad).ToArray();
        var spared = _beta < 1 ? trainable.Where(slot => !_draws(step, slot)).ToArray() : [];
        if (spared.Length == trainable.Length) spared = spared[1..];
        try
        {
            return ExampleStep.Step(_optimizer, losses, _rule, 1 / _beta, isAscent =>
            {
                foreach (var slot in spared) slot.Parameter.requires_grad = !isAscent;
            });
        }
        finally
        {
            foreach (var slot in spared) slot.Parameter.requires_grad = true;
        }
    }
}
