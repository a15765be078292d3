using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// WSAM's decoupled form: the base optimizer gets g, and sharpness acts beside it, as decoupled weight decay does: after its step w := w - lr a (g+ - g) with a = gamma / (1 - gamma)
/// and the learning rate that the param group has in this step (Yue, Jiang, Ye, Gao, Liu, Zhang, "Sharpness-Aware Minimization Revisited: Weighted Sharpness as a Regularization Term", 2023).
/// </summary>
/// <param name="gamma">In [0, 1): 0 is the base optimizer alone. Default 0.9 (the authors' code, intelligent-machine-learning/atorch).</param>
/// <param name="clipping">Clips the gradients first. Default: not.</param>
/// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1).</exception>
public sealed class DecoupledSharpness(double gamma = 0.9, GradientClipping? clipping = null) : ICombiner
{
    private readonly double _weight = Check.Share(gamma) / (1 - gamma);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool ActsAfterStep => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        clipping?.Apply(descent);
        // The parameters are given g; the list goes on holding g+.
        foreach (var list in descent.Lists)
        {
            var pairs = list.Pairs();
            for (var i = 0; i < pairs.Slots.Count; i++) pairs.Slots[i].Parameter.grad = pairs.AtWeights[i];
        }
    }

    /// <inheritdoc/>
    public void AfterStep(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var list in descent.Lists)
        {
            var pairs = list.Pairs();
            var weights = pairs.Slots.Select(TorchSharp.torch.Tensor (slot) => slot.Parameter).ToArray();
            var reach = list.LearningRate * _weight;
            descent.Kernels.Accumulate(weights, pairs.AtPerturbed, -reach);
            descent.Kernels.Accumulate(weights, pairs.AtWeights, reach);
        }
    }
}
