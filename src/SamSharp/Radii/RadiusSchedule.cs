namespace SamSharp.Radii;

/// <summary>Radius schedules by name.</summary>
public static class RadiusSchedule
{
    /// <summary>The configured radius in every step.</summary>
    public static IRadiusSchedule Constant { get; } = From((_, rho) => rho);

    /// <summary>Sharpness-aware in steps k, 2k, 3k, ..., plain in the others, as mosaicml/composer's interval.</summary>
    /// <param name="k">The interval; 1 is every step.</param>
    /// <exception cref="ArgumentOutOfRangeException">k is less than 1.</exception>
    public static IRadiusSchedule Every(int k)
    {
        Check.Positive(k);
        return From((info, rho) => info.Step % k == 0 ? rho : 0);
    }

    /// <summary>Any function of the step and the configured radius.</summary>
    /// <param name="radius">Gives the radius: finite and at least 0, where 0 is a plain step.</param>
    public static IRadiusSchedule From(Func<StepInfo, double, double> radius)
    {
        ArgumentNullException.ThrowIfNull(radius);
        return new FunctionSchedule(radius);
    }

    private sealed class FunctionSchedule(Func<StepInfo, double, double> radius) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => radius(info, rho);
    }
}
