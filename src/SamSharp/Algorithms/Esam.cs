using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// ESAM (Du, Yan, Feng, Zhou, Zhen, Goh, Tan, "Efficient Sharpness-aware Minimization for Improved Training of Neural Networks", 2022): the ascent
/// perturbs a random share beta of the tensors, scaled by 1/beta, and computes no gradients for the others; the descent uses the share gamma of the
/// examples whose losses rose most.
/// </summary>
/// <remarks>The paper masks single weights; dydjw9/Efficient_SAM masks whole tensors, the only variant that saves time. This class follows the code.
/// If the draw selects no tensor at all, one is perturbed.</remarks>
public sealed class EfficientSam
{
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly IExampleRule _rule;
    private readonly Func<long, ParameterSlot, bool> _draws;
    private readonly double _beta;

    /// <summary>Creates ESAM around an optimizer, whose recipe is usually <see cref="Recipe.Sam"/>.</summary>
    /// <param name="optimizer">The optimizer that makes the steps.</param>
    /// <param name="beta">The share of tensors, in (0, 1]. Default 0.5 (others' choice; 1 in dydjw9/Efficient_SAM).</param>
    /// <param name="gamma">The share of examples, in (0, 1]. Default 0.5 (the same).</param>
    /// <param name="seed">Seed of the random tensors, combined with the step's number. Default 0.</param>
    /// <param name="rule">The choice of examples, or null for <see cref="LargestRise"/> with gamma.</param>
    /// <param name="draws">Decides whether a parameter is perturbed in a step (from 1); null for a random choice.</param>
    /// <exception cref="ArgumentOutOfRangeException">beta or gamma is not in (0, 1].</exception>
    public EfficientSam(SharpnessAwareOptimizer optimizer, double beta = 0.5, double gamma = 0.5, long seed = 0, IExampleRule? rule = null,
        Func<long, ParameterSlot, bool>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        _optimizer = optimizer;
        _beta = Check.PositiveFraction(beta);
        _rule = rule ?? new LargestRise(gamma);
        _draws = draws ?? ((step, parameter) => CounterRandom.Uniform(seed, step, parameter.Index) < beta);
    }

    /// <summary>Makes one whole step.</summary>
    /// <param name="losses">As for <see cref="OptimizerExtensions.Step(SharpnessAwareOptimizer, Func{Tensor?, Tensor}, IExampleRule)"/>.</param>
    /// <returns>The loss of the first pass, at w.</returns>
    public Tensor Step(Func<Tensor?, Tensor> losses)
    {
        var step = _optimizer.LastStep.Step + 1;
        var trainable = _optimizer.Parameters.Where(parameter => parameter.Parameter.requires_grad).ToArray();
        var spared = _beta < 1 ? trainable.Where(parameter => !_draws(step, parameter)).ToArray() : [];
        if (spared.Length > 0 && spared.Length == trainable.Length) spared = spared[1..];
        try
        {
            return ExampleSteps.Step(_optimizer, losses, _rule, 1 / _beta, isAscent =>
            {
                foreach (var parameter in spared) parameter.Parameter.requires_grad = !isAscent;
            });
        }
        finally
        {
            foreach (var parameter in spared.Where(parameter => !parameter.Parameter.IsInvalid)) parameter.Parameter.requires_grad = true;
        }
    }
}

/// <summary>
/// ESAM's sharpness-sensitive data selection: the second pass is made on the examples whose loss rises most from w to w + e (Du et al. 2022).
/// </summary>
/// <param name="Share">The share of the batch, in (0, 1]: K = floor(share * examples), at least one. ESAM's gamma; others use 0.5.</param>
/// <param name="AboveCutoff">False (default): the K largest, as in the paper. True: the rises above the K-th largest, which are K - 1
/// without ties, as in dydjw9/Efficient_SAM.</param>
public sealed record LargestRise(double Share = 0.5, bool AboveCutoff = false) : IExampleRule
{
    /// <summary>The share of the batch, in (0, 1].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Share { get; init => field = Check.PositiveFraction(value, nameof(Share)); } = Check.PositiveFraction(Share);

    /// <inheritdoc/>
    public bool LooksAgain => Share < 1;

    /// <inheritdoc/>
    public ExampleSubset ForDescent(Tensor? losses, Tensor? perturbed)
    {
        if (losses is null || perturbed is null) return default;
        TensorCheck.RequireVector(losses);
        TensorCheck.RequireVector(perturbed);
        if (!losses.shape.SequenceEqual(perturbed.shape))
            throw new ArgumentException($"The losses have shape [{string.Join(", ", losses.shape)}] at w and " +
                $"[{string.Join(", ", perturbed.shape)}] at w + e; both must be [rows].", nameof(perturbed));
        var count = Math.Max(1, (int)Math.Floor(losses.numel() * Share) - (AboveCutoff ? 1 : 0));
        return new ExampleSubset(perturbed.sub(losses).topk(count).indexes);
    }
}
