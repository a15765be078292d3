using SamSharp.Steps;

namespace SamSharp;

/// <summary>SAM's radius: the configured one in every step.</summary>
internal sealed record ConstantRadius : IRadiusSchedule
{
    /// <inheritdoc/>
    public double At(StepInfo info, double rho) => rho;
}
