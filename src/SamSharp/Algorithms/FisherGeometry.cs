using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The ellipsoid of the Fisher information: e = gamma F^-1 d / sqrt(d' F^-1 d), with a diagonal F = 1 + lambda d^2 taken from the mini-batch's gradient
/// (Kim, Li, Hu, Hospedales, "Fisher SAM: Information Geometry and Sharpness Aware Minimisation", 2022; no official code was found, F as third-party ports have it).
/// The radius is gamma: e' F e = gamma^2.
/// </summary>
/// <param name="lambda">How much of the Fisher information there is. Default 1 (the ports, not verified against the paper). 0 is SAM.</param>
/// <param name="normFloor">Added to the norm. Default 1e-12.</param>
public sealed class FisherGeometry(double lambda = 1, double normFloor = 1e-12) : IGeometry
{
    private readonly double _lambda = Check.NonNegative(lambda);
    private readonly double _normFloor = Check.NonNegative(normFloor);

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var natural = ascent.Lists.ToDictionary(list => list, list => Array.ConvertAll(list.Direction, d => d.div(d.square().mul_(_lambda).add_(1))));
        var norm = ascent.Sum(list => ascent.Kernels.Dot(list.Direction, natural[list])).sqrt();
        foreach (var list in ascent.Lists) list.Direction = natural[list];
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, ascent.Scale(list, norm, _normFloor));
    }
}
