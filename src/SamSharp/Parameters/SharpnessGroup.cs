namespace SamSharp;

/// <summary>What sharpness-aware minimization does with one param group of the base optimizer. May be changed between steps.</summary>
public sealed class SharpnessGroup
{
    private double? _rho;

    /// <summary>The group's own radius, to which the radius schedule applies as to any; null (default): the optimizer's.</summary>
    /// <remarks>There is one gradient norm over all groups; each group multiplies it by its own radius, as in davda54/sam.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double? Rho
    {
        get => _rho;
        set => _rho = value is { } rho ? Check.Radius(rho, nameof(Rho)) : null;
    }

    /// <summary>False leaves the group out: it is not perturbed and does not count in the norm; the base optimizer still updates it.
    /// Default: true.</summary>
    public bool Perturbed { get; set; } = true;
}
