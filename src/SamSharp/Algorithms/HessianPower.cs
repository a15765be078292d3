namespace SamSharp.Optimizers;

/// <summary>Powers of the Hessian's diagonal, by which <see cref="Sassha"/> divides, as functions of the step's number from 1.</summary>
public static class HessianPower
{
    /// <summary>The same power in every step.</summary>
    /// <param name="power">Default 0.5 (the paper: the root keeps small curvatures from making steps too long).</param>
    /// <exception cref="ArgumentOutOfRangeException">The power is negative or not finite.</exception>
    public static Func<long, double> Constant(double power = 0.5)
    {
        Check.NonNegative(power);
        return _ => power;
    }

    /// <summary>From one power to another in equal steps: from + (to - from) (t - 1) / steps in step t, and <paramref name="to"/> from then on (LOG-postech/Sassha's linear schedule).</summary>
    /// <param name="from">In the first step.</param>
    /// <param name="to">After so many steps.</param>
    /// <param name="steps">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A power is negative or not finite, or there is no step.</exception>
    public static Func<long, double> Linear(double from, double to, int steps)
    {
        Check.NonNegative(from);
        Check.NonNegative(to);
        Check.Positive(steps);
        return step => from + ((to - from) * Math.Min(step - 1, steps) / steps);
    }
}
