using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// Another geometry over some of the parameters alone: the others count in no norm and keep their bits in the second pass; the base optimizer still updates them. With the
/// normalisation layers it is SAM-ON (Mueller, Vlaar, Rolnick, Hein, "Normalization Layers Are All That Sharpness-Aware Minimization Needs", 2023).
/// </summary>
/// <param name="inner">The geometry of those that are perturbed.</param>
/// <param name="perturbs">Which are, for instance <see cref="NormalizationLayers.Named"/>.</param>
public sealed class SelectedGeometry(IGeometry inner, Func<ParameterSlot, bool> perturbs) : GeometryDecorator(inner)
{
    private readonly Func<ParameterSlot, bool> _perturbs = perturbs ?? throw new ArgumentNullException(nameof(perturbs));

    /// <inheritdoc/>
    public override bool Perturbs(ParameterSlot slot) => _perturbs(slot) && Inner.Perturbs(slot);
}
