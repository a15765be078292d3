using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// A measure of sharpness made of losses at random points, for <see cref="UniversalGradient"/>: how much the gradient at each point counts.
/// Below, L is the loss at w, L_i that at w + rho x_i, D_i = (L_i - L) / rho^2, n the number of points.
/// </summary>
public sealed class UniversalSharpness
{
    private readonly Func<Tensor, Tensor, double, Tensor> _weights;

    private UniversalSharpness(int leastDraws, Func<Tensor, Tensor, double, Tensor> weights)
    {
        LeastDraws = leastDraws;
        _weights = weights;
    }

    /// <summary>How many points it takes at least.</summary>
    public int LeastDraws { get; }

    /// <summary>The trace of the Hessian, with Gaussian x: weights 1/n.</summary>
    public static UniversalSharpness Trace { get; } = Of(delta => delta, delta => ones_like(delta), mean => ones_like(mean));

    /// <summary>The determinant of the Hessian, with x uniform in a cube: phi(s) = s^-2 and psi(D) = exp(-D / 2). Factors that do not depend on w are left out, as in the
    /// official code.</summary>
    public static UniversalSharpness Determinant { get; } = Of(delta => (delta * -0.5).exp(), delta => (delta * -0.5).exp() * -0.5, mean => mean.pow(-3) * -2);

    /// <summary>The Frobenius norm of the Hessian, with Gaussian x, from the sample covariance of losses and gradients: weights (L_i - mean of L_j) / ((n - 1) rho^2).
    /// Takes two points at least.</summary>
    public static UniversalSharpness Frobenius { get; } = new(2, (_, losses, rho) => (losses - losses.mean()) / ((losses.NumberOfElements - 1) * rho * rho));

    /// <summary>Any measure phi(mean of psi(D_i)): weights phi'(mean of psi(D_j)) psi'(D_i) / n.</summary>
    /// <param name="psi">Of D, element by element.</param>
    /// <param name="psiSlope">Its derivative.</param>
    /// <param name="phiSlope">The derivative of phi.</param>
    public static UniversalSharpness Of(Func<Tensor, Tensor> psi, Func<Tensor, Tensor> psiSlope, Func<Tensor, Tensor> phiSlope)
    {
        ArgumentNullException.ThrowIfNull(psi);
        ArgumentNullException.ThrowIfNull(psiSlope);
        ArgumentNullException.ThrowIfNull(phiSlope);
        return new(1, (loss, losses, rho) =>
        {
            var delta = (losses - loss) / (rho * rho);
            return phiSlope(psi(delta).mean()) * psiSlope(delta) / losses.NumberOfElements;
        });
    }

    /// <summary>The weight of each point, [n].</summary>
    internal Tensor Weights(Tensor loss, Tensor losses, double rho) => _weights(loss, losses, rho);
}
