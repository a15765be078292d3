using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>Other neighbourhoods, and fewer parameters.</content>
public static partial class Recipe
{
    /// <summary>Unnormalised SAM (Andriushchenko and Flammarion 2022): e = rho g, see <see cref="RawGeometry"/>.</summary>
    /// <param name="rho">Multiple of the gradient. Default 0.05; to be tuned anew, since it scales with the loss.</param>
    public static SharpnessAwareOptions UnnormalizedSam(double rho = 0.05) => new() { Rho = rho, Geometry = new RawGeometry() };

    /// <summary>SAM in every k-th step, the base optimizer alone in the others (mosaicml/composer).</summary>
    /// <param name="k">The interval. Composer's default is 1.</param>
    /// <param name="rho">The radius. Default 0.05 (the same).</param>
    public static SharpnessAwareOptions IntervalSam(int k, double rho = 0.05) => new() { Rho = rho, Radius = RadiusSchedule.Every(k) };

    /// <summary>SAM with several ascents (Foret et al. 2021, appendix).</summary>
    /// <param name="ascents">How many, each of length rho.</param>
    /// <param name="rho">The radius of each. Default 0.05.</param>
    public static SharpnessAwareOptions MultiStepSam(int ascents, double rho = 0.05) => new() { Rho = rho, AscentSteps = ascents };

    /// <summary>ASAM as its authors have it (Kwon, Kim, Park, Choi 2021; SamsungLabs/ASAM): adaptive where the name contains "weight".</summary>
    /// <param name="module">The model, for the names.</param>
    /// <param name="rho">The radius. Default 0.5 (their code).</param>
    /// <param name="kappa">Added to |w|. Default 0.01 (their code's eta).</param>
    public static SharpnessAwareOptions Asam(nn.Module module, double rho = 0.5, double kappa = 0.01) => new()
    {
        Rho = rho,
        Geometry = new AdaptiveGeometry(kappa, AdaptiveGeometry.NamedWeights, normFloor: 1e-16),
        Module = module,
    };

    /// <summary>ASAM as davda54/sam has it: every parameter adaptive, kappa = 0.</summary>
    /// <param name="rho">The radius. Default 2.0 (its example).</param>
    public static SharpnessAwareOptions AsamEverywhere(double rho = 2) => new() { Rho = rho, Geometry = new AdaptiveGeometry(kappa: 0) };

    /// <summary>What big_vision's GSAM calls adaptive, see <see cref="WeightScaledGeometry"/>; not ASAM.</summary>
    /// <param name="rho">The radius. No published default for it alone; 0.05 as SAM.</param>
    public static SharpnessAwareOptions WeightScaledSam(double rho = 0.05) => new() { Rho = rho, Geometry = new WeightScaledGeometry() };

    /// <summary>Each tensor in a ball of its own (Liu et al. 2022), see <see cref="LayerwiseGeometry"/>.</summary>
    /// <param name="rho">Share of each tensor's norm. Default 0.05; no official code.</param>
    public static SharpnessAwareOptions LayerwiseSam(double rho = 0.05) => new() { Rho = rho, Geometry = new LayerwiseGeometry() };

    /// <summary>SAM in the ball of the largest component (Foret et al. 2021 with p = infinity), see <see cref="MaximumGeometry"/>.</summary>
    /// <param name="rho">How far each weight moves. Default 0.05; no published default.</param>
    public static SharpnessAwareOptions MaximumSam(double rho = 0.05) => new() { Rho = rho, Geometry = new MaximumGeometry() };

    /// <summary>Fisher SAM (Kim, Li, Hu, Hospedales 2022), see <see cref="FisherGeometry"/>.</summary>
    /// <param name="gamma">The radius. Default 0.1 (third-party ports).</param>
    /// <param name="lambda">The weight of the Fisher information. Default 1 (the same).</param>
    public static SharpnessAwareOptions FisherSam(double gamma = 0.1, double lambda = 1) => new() { Rho = gamma, Geometry = new FisherGeometry(lambda) };

    /// <summary>SAM-ON (Mueller, Vlaar, Rolnick, Hein 2023): normalisation layers alone are perturbed.</summary>
    /// <param name="module">The model, whose layers are told by their types, see <see cref="NormalizationLayers.Of"/>.</param>
    /// <param name="rho">The radius. Default 0.5 (mueller-mp/SAM-ON's training script).</param>
    /// <param name="geometry">The geometry within. Default: Euclidean.</param>
    public static SharpnessAwareOptions SamOn(nn.Module module, double rho = 0.5, IGeometry? geometry = null) => new()
    {
        Rho = rho,
        Geometry = new SelectedGeometry(geometry ?? new EuclideanGeometry(normFloor: 1e-16), NormalizationLayers.Of(module)),
        Module = module,
    };

    /// <summary>FSAM (Zhong et al. 2022), made for language models: the tenth of weights with the largest squared gradients is perturbed, see <see cref="FisherMask"/>.</summary>
    /// <param name="rho">The radius. Default 0.05 (WHU-ZQH/FSAM4PLM; the paper tries 1e-2, 5e-3 and 1e-3).</param>
    /// <param name="keep">The share. Default 0.1 (the same code).</param>
    /// <param name="interval">Ascents that a mask serves. Default 100 (the same code).</param>
    /// <param name="masks">Which parameters are masked; the others are perturbed whole. Default: all.</param>
    public static SharpnessAwareOptions FisherMaskSam(double rho = 0.05, double keep = 0.1, int interval = 100, Func<ParameterSlot, bool>? masks = null) =>
        new() { Rho = rho, Geometry = new MaskedGeometry(new EuclideanGeometry(normFloor: 1e-7), new FisherMask(keep, interval, masks)) };

    /// <summary>Sparse SAM with a Fisher mask, SSAM-F (Mi et al. 2022). Keep the mask at hand, and call its <see cref="SampleFisherMask.Refresh"/>.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="rho">The radius. Default 0.05 (Mi-Peng/Sparse-Sharpness-Aware-Minimization).</param>
    public static SharpnessAwareOptions SparseSam(SampleFisherMask mask, double rho = 0.05) =>
        new() { Rho = rho, Geometry = new MaskedGeometry(new EuclideanGeometry(normFloor: 1e-7), mask) };

    /// <summary>Sparse SAM with a dynamic mask, SSAM-D (Mi et al. 2022), see <see cref="DynamicMask"/>.</summary>
    /// <param name="refreshes">How many refreshes there will be.</param>
    /// <param name="refreshEvery">Steps from one to the next; the authors refresh every fifth epoch.</param>
    /// <param name="rho">The radius. Default 0.05 (the same code).</param>
    /// <param name="sparsity">The share of weights that stay. Default 0.2 (the same code).</param>
    public static SharpnessAwareOptions DynamicSparseSam(int refreshes, int refreshEvery, double rho = 0.05, double sparsity = 0.2) =>
        new() { Rho = rho, Geometry = new MaskedGeometry(new EuclideanGeometry(normFloor: 1e-7), new DynamicMask(refreshes, refreshEvery, sparsity)) };

    /// <summary>SAM with gradient centralisation in the ascent (kozistr/pytorch_optimizer's use_gc), see <see cref="CentralizedGeometry"/>.</summary>
    /// <param name="rho">The radius. Default 0.05.</param>
    public static SharpnessAwareOptions CentralizedSam(double rho = 0.05) => new() { Rho = rho, Geometry = new CentralizedGeometry() };
}
