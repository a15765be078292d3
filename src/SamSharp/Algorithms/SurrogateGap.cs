using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// GSAM: the perturbed loss is descended, and the gap between it and the plain loss is made small by climbing along the part of g that is orthogonal to g+:
/// g+ - alpha (g - c g+) with c = &lt;g, g+&gt; / ||g+||^2
/// (Zhuang, Gong, Yuan, Cui, Adam, Dvornek, Tatikonda, Duncan, Liu, "Surrogate Gap Minimization Improves Sharpness-Aware Training", 2022).
/// </summary>
/// <remarks>
/// The authors' PyTorch code adds 1e-12 to the norms; here a norm of 0 makes c 0. Their JAX code (big_vision) has a second form, which descends the plain loss:
/// g + alpha (g+ - c g) with c = &lt;g, g+&gt; / ||g||^2; it is <paramref name="minimizePerturbed"/> = false.
/// </remarks>
/// <param name="alpha">How much of the orthogonal part is taken; 0 is SAM (with the second form: the base optimizer alone). Default 0.4 (kozistr/pytorch_optimizer; big_vision has 0.6 for ViT-B/32).</param>
/// <param name="minimizePerturbed">Which loss is descended, big_vision's minimize_fp. Default: the perturbed one.</param>
/// <exception cref="ArgumentOutOfRangeException">alpha is negative or not finite.</exception>
public sealed class SurrogateGap(double alpha = 0.4, bool minimizePerturbed = true) : ICombiner
{
    private readonly double _alpha = Check.NonNegative(alpha);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        var product = descent.Product();
        if (minimizePerturbed)
        {
            var along = descent.Along(product, descent.NormAtPerturbed());
            descent.Mix(along * _alpha + 1, full_like(along, -_alpha));
        }
        else
        {
            var along = descent.Along(product, descent.NormAtWeights());
            descent.Mix(full_like(along, _alpha), 1 - along * _alpha);
        }
    }
}
