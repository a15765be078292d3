using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// Restricts another geometry to some of the parameters: the others do not count in any norm and keep their exact values in the second pass; the base
/// optimizer still updates them. With the normalization layers this is SAM-ON; see <see cref="Recipe.SamOn"/>.
/// </summary>
/// <param name="Wrapped">The geometry of the perturbed parameters.</param>
/// <param name="Selects">Which parameters are perturbed, for instance <see cref="NormalizationLayers.Named"/>.</param>
public sealed record SelectedGeometry(IGeometry Wrapped, Func<ParameterSlot, bool> Selects) : GeometryDecorator(Wrapped)
{
    /// <summary>Which parameters are perturbed.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Func<ParameterSlot, bool> Selects { get; init => field = Check.Given(value, nameof(Selects)); } = Check.Given(Selects);

    /// <inheritdoc/>
    public override bool Perturbs(ParameterSlot parameter) => Selects(parameter) && Wrapped.Perturbs(parameter);
}
