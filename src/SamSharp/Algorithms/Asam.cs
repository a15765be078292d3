using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>ASAM with its authors' settings (Kwon, Kim, Park, Choi 2021; SamsungLabs/ASAM): adaptive where the name contains "weight".</summary>
    /// <param name="module">The model, which names the parameters.</param>
    /// <param name="rho">The radius. Default 0.5 (their code).</param>
    /// <param name="kappa">Added to |w|. Default 0.01 (their code's eta).</param>
    [Published("ASAM, authors'", "Kwon et al. 2021")]
    public static SharpnessAwareOptions Asam(nn.Module module, double rho = 0.5, double kappa = 0.01) => new()
    {
        Rho = rho,
        Geometry = new AdaptiveGeometry(kappa, AdaptiveGeometry.NamedWeights, NormFloor: 1e-16),
        Module = module,
    };

    /// <summary>ASAM as in davda54/sam: every parameter adaptive, kappa = 0.</summary>
    /// <param name="rho">The radius. Default 2.0 (its example).</param>
    [Published("ASAM, everywhere", "davda54/sam")]
    public static SharpnessAwareOptions AsamEverywhere(double rho = 2) => new() { Rho = rho, Geometry = new AdaptiveGeometry(Kappa: 0) };
}
