using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SAM-ON (Mueller, Vlaar, Rolnick, Hein, "Normalization Layers Are All That Sharpness-Aware Minimization Needs", 2023): only
    /// normalization layers are perturbed.</summary>
    /// <param name="module">The model, whose normalization layers are recognized by their types; see <see cref="NormalizationLayers.Of"/>.</param>
    /// <param name="rho">The radius. Default 0.5 (mueller-mp/SAM-ON's training script).</param>
    /// <param name="geometry">The geometry of the perturbed parameters. Default: Euclidean.</param>
    [Published("SAM-ON", "Mueller et al. 2023", "1", "their size")]
    public static SharpnessAwareOptions SamOn(nn.Module module, double rho = 0.5, IGeometry? geometry = null) => new()
    {
        Rho = rho,
        Geometry = new SelectedGeometry(geometry ?? new EuclideanGeometry(NormFloor: 1e-16), NormalizationLayers.Of(module)),
        Module = module,
    };
}

public static partial class OptimizerExtensions
{
    /// <summary>
    /// The same recipe with a part of the model left out of the perturbation, for instance a classifier that starts from random weights on a
    /// pre-trained body: <c>Recipe.Sam(0.1).Except(model.Head)</c>. Its parameters do not count in the norm and keep their exact values in the
    /// second pass; the base optimizer still updates them.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="module">The part. Its parameters are recognized by their handles, so move the model to its device first.</param>
    /// <exception cref="ArgumentException">The module has no parameters.</exception>
    public static SharpnessAwareOptions Except(this SharpnessAwareOptions recipe, nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(module);
        var handles = module.parameters().Select(parameter => parameter.Handle).ToHashSet();
        if (handles.Count == 0) throw new ArgumentException("The module has no parameters to leave out of the perturbation.", nameof(module));
        return recipe with { Geometry = new SelectedGeometry(recipe.Geometry, slot => !handles.Contains(slot.Parameter.Handle)) };
    }
}

/// <summary>Selects the parameters of normalization layers.</summary>
public static class NormalizationLayers
{
    /// <summary>Selects the parameters whose name contains "norm" or "bn", in lower case, as mueller-mp/SAM-ON does. This misses names such
    /// as "ln_1" or "LayerNorm"; prefer <see cref="Of"/>.</summary>
    /// <exception cref="InvalidOperationException">The optimizer does not know its parameters' names.</exception>
    public static bool Named(ParameterSlot parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        var name = parameter.RequireName("whether it belongs to a normalization layer");
        return name.Contains("norm", StringComparison.Ordinal) || name.Contains("bn", StringComparison.Ordinal);
    }

    /// <summary>Selects the direct parameters of all modules within <paramref name="module"/> whose type name contains "Norm", in any case:
    /// TorchSharp's BatchNorm, LayerNorm, GroupNorm and InstanceNorm, and your own layers such as RMSNorm.</summary>
    public static Func<ParameterSlot, bool> Of(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var handles = module.named_modules().Select(child => child.module).Prepend(module)
            .Where(child => child.GetType().Name.Contains("norm", StringComparison.OrdinalIgnoreCase))
            .SelectMany(child => child.parameters(false)).Select(parameter => parameter.Handle).ToHashSet();
        return parameter => handles.Contains(parameter.Parameter.Handle);
    }
}

/// <summary>
/// One ball in which each tensor is measured by its norm: with T_l = |w_l| (1 + eta) for scaled parameters and T_l = 1 for the others,
/// e = rho T^2 d / (|T d| + floor), the layer-wise option of mueller-mp/SAM-ON. Its code multiplies by 1 + eta, where one would
/// expect |w_l| + eta; this geometry follows the code.
/// </summary>
/// <param name="Eta">eta in the formula; at least 0. Default 0.01 (the class's default).</param>
/// <param name="Scales">Which parameters are scaled. Null (default): all; the code scales the parameters with "weight" in their names,
/// <see cref="AdaptiveGeometry.NamedWeights"/>.</param>
/// <param name="NormFloor">Added to the norm, at least 0. Default 1e-16 (the same code).</param>
public sealed record LayerScaledGeometry(double Eta = 0.01, Func<ParameterSlot, bool>? Scales = null, double NormFloor = 1e-16) : IGeometry
{
    /// <summary>eta in the formula; at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Eta { get; init => field = Check.NonNegative(value, nameof(Eta)); } = Check.NonNegative(Eta);

    /// <summary>Added to the norm, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <inheritdoc/>
    public int Treatment(ParameterSlot parameter) => Scales?.Invoke(parameter) == false ? 0 : 1;

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = bucket.Direction.Zip(bucket.Weights, (d, w) => d.to(bucket.Accumulator).mul(Size(ascent, bucket, w))).ToArray();
        return ascent.Norm();
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets)
        {
            // T is divided by the norm before T d is multiplied by it: T^2 d may leave the range of float32 where e does not.
            var scale = ascent.Scale(bucket, norm, NormFloor);
            ascent.PerturbBy(bucket, [.. bucket.Direction.Zip(bucket.Weights, (d, w) => d.mul(Size(ascent, bucket, w).mul(scale)))], 1);
        }
    }

    [InDisposeScope]
    private Tensor Size(Ascent ascent, ParameterBucket bucket, Tensor weight) =>
        bucket.Treatment == 0 ? tensor(1.0, bucket.Accumulator, bucket.Device) : ascent.Norm([weight]).MultiplyBy(1 + Eta);
}
