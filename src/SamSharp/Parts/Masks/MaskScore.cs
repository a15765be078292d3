namespace SamSharp;

/// <summary>By what a weight is chosen.</summary>
public enum MaskScore
{
    /// <summary>The size of the perturbed weight.</summary>
    Weight,

    /// <summary>The size of its gradient.</summary>
    Gradient,

    /// <summary>At random.</summary>
    Random,
}
