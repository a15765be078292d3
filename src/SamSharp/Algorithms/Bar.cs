using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>BAR by gradients (nBAR: Li, Zhang, He, "Implicit Regularization of Sharpness-Aware Minimization for Scale-Invariant Problems", 2024),
    /// which does to a pair of low-rank factors what SAM would, without a second pass: the factor with the larger gradient grows, the
    /// other shrinks; see <see cref="BalancedPairs"/>.</summary>
    /// <param name="adapters">The pairs of factors.</param>
    /// <param name="mu">The strength at the start. Default 0.5: our choice, as the paper has no default but searches 0.2 to 2 with few examples, 0.2
    /// to 1 on GLUE, 0.05 on QQP.</param>
    /// <param name="decay">A factor of mu by the step's number, from 1: <c>Ramp.Linear(1, 0, steps)</c> and <c>Ramp.Cosine(1, 0, steps)</c> are the
    /// paper's. Null (default) for none.</param>
    /// <remarks>The radius is 0, so that a step has one pass; with a radius it comes on top of SAM. The paper's rank is 8, its alpha 16.</remarks>
    [Published("BAR by gradients (nBAR)", "Li et al. 2024", "0", "1")]
    public static SharpnessAwareOptions NBar(LoraAdapters adapters, double mu = 0.5, Func<long, double>? decay = null) =>
        new() { Rho = 0, Combiner = new BalancedPairs(adapters, ByGradients: true, mu, decay) };

    /// <summary>BAR by weights (oBAR, same paper): the larger factor of a pair shrinks, the other grows.</summary>
    /// <param name="adapters">The pairs of factors.</param>
    /// <param name="mu">The strength at the start. Default 0.5 (our choice, as for <see cref="NBar"/>).</param>
    /// <param name="decay">As for <see cref="NBar"/>.</param>
    [Published("BAR by weights (oBAR)", "Li et al. 2024", "0", "1")]
    public static SharpnessAwareOptions OBar(LoraAdapters adapters, double mu = 0.5, Func<long, double>? decay = null) =>
        new() { Rho = 0, Combiner = new BalancedPairs(adapters, ByGradients: false, mu, decay) };
}

/// <summary>
/// Multiplies one factor of each pair by 1 + mu lr and the other by 1 - mu lr just before the base optimizer's step, so that their product changes
/// by (mu lr)^2 of itself only. The one with the larger gradient grows, or the one with the smaller norm. B counts as the larger where both are
/// equal. A pair without gradients stays.
/// </summary>
/// <param name="Adapters">The pairs.</param>
/// <param name="ByGradients">Whether the norms of the gradients decide, or those of the weights.</param>
/// <param name="Mu">The strength, at least 0.</param>
/// <param name="Decay">A factor of the strength by the step's number; null for none.</param>
internal sealed record BalancedPairs(LoraAdapters Adapters, bool ByGradients, double Mu, Func<long, double>? Decay) : ICombiner, IActsAroundStep
{
    /// <summary>The pairs.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public LoraAdapters Adapters { get; init => field = Check.Given(value, nameof(Adapters)); } = Check.Given(Adapters);

    /// <summary>The strength, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Mu { get; init => field = Check.NonNegative(value, "mu"); } = Check.NonNegative(Mu, "mu");

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
    }

    /// <inheritdoc/>
    public void BeforeStep(StepServices services, Tensor? isMade)
    {
        var strength = Mu * Check.NonNegative(Decay?.Invoke(services.Report.Step) ?? 1, "decay");
        var rates = services.Base.Optimizer.ParamGroups.Select(group => group.LearningRate).ToArray();
        var slots = services.Table.Slots.ToDictionary(slot => slot.Parameter.Handle);
        foreach (var layer in Adapters.Layers.Values)
        {
            if (!slots.TryGetValue(layer.B.Handle, out var outer) || !slots.TryGetValue(layer.A.Handle, out var inner)) continue;
            if (outer.Final is not { } outerGradient || inner.Final is not { } innerGradient) continue;
            var bLeads = ByGradients
                ? outerGradient.EuclideanNorm().ge(innerGradient.EuclideanNorm())
                : outer.Parameter.EuclideanNorm().lt(inner.Parameter.EuclideanNorm());
            var sign = bLeads.to_type(outer.Parameter.dtype).Times(2).DecreaseBy(1);
            if (isMade is not null) sign = sign.mul(isMade.to(sign.dtype, sign.device));
            Rescale(services, outer, sign.Times(strength * rates[outer.Group]).IncreaseBy(1));
            Rescale(services, inner, sign.Times(-strength * rates[inner.Group]).IncreaseBy(1));
        }
    }

    private static void Rescale(StepServices services, ParameterSlot slot, Tensor factor)
    {
        services.Kept.Keep(slot.Parameter);
        slot.Parameter.mul_(factor);
    }
}
