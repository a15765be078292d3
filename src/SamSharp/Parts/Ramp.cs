namespace SamSharp;

/// <summary>Functions of the step's number, from 1, that run from one value to another; for the
/// probabilities and factors of radius schedules.</summary>
public static class Ramp
{
    /// <summary>from + (to - from) x, where x runs from 0 in step 1 to 1 in step <paramref name="steps"/> + 1, and stays there.</summary>
    /// <param name="from">The first value.</param>
    /// <param name="to">The last value.</param>
    /// <param name="steps">Over how many steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">steps is less than 1.</exception>
    public static Func<long, double> Linear(double from, double to, long steps) => Along(from, to, steps, x => x);

    /// <summary>from + (to - from) (1 - cos(pi x)) / 2, with x as for <see cref="Linear"/>: slow at both ends.</summary>
    /// <param name="from">The first value.</param>
    /// <param name="to">The last value.</param>
    /// <param name="steps">Over how many steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">steps is less than 1.</exception>
    public static Func<long, double> Cosine(double from, double to, long steps) => Along(from, to, steps, x => (1 - Math.Cos(Math.PI * x)) / 2);

    private static Func<long, double> Along(double from, double to, long steps, Func<double, double> shape)
    {
        if (steps < 1) throw new ArgumentOutOfRangeException(nameof(steps), steps, "A ramp needs at least one step.");
        return step => from + ((to - from) * shape(Math.Clamp((step - 1) / (double)steps, 0, 1)));
    }
}
