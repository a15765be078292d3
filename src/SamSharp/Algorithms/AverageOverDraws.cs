using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>The mean of the gradients at several random points: (1/n) sum over i of g(w + e_i). Each draw beyond the first costs one more pass.</summary>
public sealed class AverageOverDraws : ICombiner
{
    private readonly int _draws;

    /// <summary>A mean over so many points.</summary>
    /// <param name="draws">At least 1; 1 is <see cref="PerturbedGradient"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer.</exception>
    public AverageOverDraws(int draws) => _draws = Check.Positive(draws);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => false;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => _draws > 1;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => _draws == 1 ? null : RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        for (var draw = 1; draw < _draws; draw++)
        {
            using var pass = descent.AtDraw(draw);
            foreach (var list in descent.Lists)
            {
                var own = Pass.Factor(list, draw == 1 ? 1.0 / _draws : 1);
                descent.Kernels.Mix(list.Gradients, own, pass.Of(list.Slots), Pass.Factor(list, 1.0 / _draws));
            }
        }
    }
}
