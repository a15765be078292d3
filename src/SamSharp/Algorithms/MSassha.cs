using SamSharp.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>M-SASSHA, which perturbs along the momentum and so has a single pass.</content>
public sealed partial class Sassha
{
    private bool _followsMomentum;

    /// <summary>
    /// M-SASSHA: SASSHA whose gradient and curvature are taken at w - rho m / |m|, where m is the moving average of the gradients. A step makes one
    /// pass; the first step, which has no m, is at w. The defaults are those of the authors' class (LOG-postech/Sassha; for RTE of GLUE they
    /// use lr 0.01, rho 0.001, epsilon 1e-8 and lazy 1).
    /// </summary>
    /// <remarks>The published class cannot be constructed, since it reads an attribute that nothing sets. It also leaves the model at the perturbed
    /// weights between steps; here the weights are w.</remarks>
    /// <param name="parameters">The parameters.</param>
    /// <param name="lr">Learning rate (0.15).</param>
    /// <param name="rho">The radius (0.3).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1) (0.9).</param>
    /// <param name="beta2">Decay of the Hessian's diagonal, in [0, 1) (0.999).</param>
    /// <param name="epsilon">Added to the power of the diagonal (1e-4).</param>
    /// <param name="weightDecay">Decoupled weight decay (0.01).</param>
    /// <param name="lazy">Steps from one estimate of the Hessian to the next (10).</param>
    /// <param name="power">The power of the diagonal in a step. Default: 1 in every step.</param>
    /// <param name="noise">The signs of the estimates. Default: random, determined by the step's number.</param>
    /// <exception cref="ArgumentException">A value is out of range, or a parameter appears twice.</exception>
    public static Sassha AlongMomentum(IEnumerable<Parameter> parameters, double lr = 0.15, double rho = 0.3, double beta1 = 0.9,
        double beta2 = 0.999, double epsilon = 1e-4, double weightDecay = 0.01, int lazy = 10, Func<long, double>? power = null,
        INoise? noise = null) =>
        new(parameters, lr, rho, beta1, beta2, epsilon, weightDecay, lazy, power ?? (_ => 1), noise) { _followsMomentum = true };

    /// <summary>Moves every parameter that has an m, with one norm over all groups.</summary>
    private void ClimbAlongMomentum()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        _passes.Table.TakeUpAll();
        var moments = _passes.Lists.SelectMany(list => list.Parameters).Select(slot => StateOf(slot.Parameter).At(0)).OfType<Tensor>().ToArray();
        if (moments.Length == 0) return;
        var kernels = KernelSets.Default;
        var device = moments[0].device;
        var norm = kernels.Norm(Array.ConvertAll(moments, m => kernels.Norm([m]).to(ScalarType.Float64, device)));
        _passes.MoveTo((list, i, w) => StateOf(list.Parameters[i].Parameter).At(0) is not { } m ? w.alias()
            : w.sub(m.mul(kernels.Scale(norm, OptionsOf(list.Group).Rho!.Value, NormFloor).to(m.dtype, m.device))));
    }
}
