using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// Another geometry over some of the parameters alone: the others count in no norm and keep their bits in the second pass; the base optimizer still updates them. With the
/// normalization layers it is SAM-ON, see <see cref="Recipe.SamOn"/>.
/// </summary>
/// <param name="Wrapped">The geometry of those that are perturbed.</param>
/// <param name="Selects">Which parameters are perturbed, for instance <see cref="NormalizationLayers.Named"/>.</param>
public sealed record SelectedGeometry(IGeometry Wrapped, Func<ParameterSlot, bool> Selects) : GeometryDecorator(Wrapped)
{
    /// <summary>Which parameters are perturbed.</summary>
    public Func<ParameterSlot, bool> Selects { get; init; } = Selects ?? throw new ArgumentNullException(nameof(Selects));

    /// <inheritdoc/>
    public override bool Perturbs(ParameterSlot parameter) => Selects(parameter) && Wrapped.Perturbs(parameter);
}
