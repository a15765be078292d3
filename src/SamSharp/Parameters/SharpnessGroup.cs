namespace SamSharp;

/// <summary>The sharpness-aware settings of one param group of the base optimizer. They may be changed between steps.</summary>
public sealed class SharpnessGroup
{
    private double? _rho;

    /// <summary>The group's radius, to which the radius schedule applies too; null (default) for the optimizer's.</summary>
    /// <remarks>There is one gradient norm over all groups; each group multiplies it by its own radius, as in davda54/sam.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double? Rho
    {
        get => _rho;
        set => _rho = value is { } rho ? Check.Radius(rho, nameof(Rho)) : null;
    }

    /// <summary>Whether the group is perturbed. If not, it does not count in the norm either; the base
    /// optimizer still updates it. Default: true.</summary>
    public bool Perturbed { get; set; } = true;
}
