using static TorchSharp.torch;

namespace SamSharp;

/// <content>Radii that the model's predictions set. Other objectives of the ascent are closures, in the namespace SamSharp.Objectives.</content>
public static partial class Recipe
{
    /// <summary>TRAM (Sherborne et al. 2024), see <see cref="DivergenceRadius"/>.</summary>
    /// <param name="divergence">Gives d, see <see cref="DivergenceRadius"/>.</param>
    /// <param name="rho">Multiple of d. Default 1, the paper's rule.</param>
    public static SharpnessAwareOptions Tram(Func<Tensor> divergence, double rho = 1) => new() { Rho = rho, Radius = new DivergenceRadius(divergence) };

    /// <summary>TRAM in ASAM's geometry (the paper's weighted form), every parameter in its own scale.</summary>
    /// <param name="divergence">Gives d, see <see cref="DivergenceRadius"/>.</param>
    /// <param name="rho">Multiple of d. Default 1.</param>
    /// <param name="kappa">Added to |w|. Default 0.01, ASAM's.</param>
    public static SharpnessAwareOptions AdaptiveTram(Func<Tensor> divergence, double rho = 1, double kappa = 0.01) => Tram(divergence, rho) with { Geometry = new AdaptiveGeometry(kappa) };
}
