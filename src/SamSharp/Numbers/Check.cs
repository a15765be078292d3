using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace SamSharp;

/// <summary>Checks of arguments that several types share.</summary>
internal static class Check
{
    public static T Given<T>([NotNull] T? value, [CallerArgumentExpression(nameof(value))] string name = "value")
        where T : class
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return value;
    }

    public static double Radius(double rho, [CallerArgumentExpression(nameof(rho))] string name = "rho") =>
        double.IsFinite(rho) && rho >= 0
            ? rho
            : throw new ArgumentOutOfRangeException(name, rho, $"The radius {name} must be a finite number of at least 0 (0 turns the ascent off).");

    public static double Finite(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number.");

    public static double NonNegative(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        double.IsFinite(value) && value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number of at least 0.");

    public static double Share(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value >= 0 && value < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in [0, 1).");

    /// <summary>The most passes, or products with a Hessian, that one step may be asked for. Nobody waits for more.</summary>
    public const int MostPasses = 1000;

    /// <summary>A number of passes.</summary>
    public static int Passes(int value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value is >= 1 and <= MostPasses
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in [1, {MostPasses}]: each costs at least one pass.");

    /// <summary>What a float32 tensor takes up as a factor.</summary>
    public static double PositiveSingle(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value > 0 && value <= float.MaxValue
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a number above 0 and at most 3.4e38, the largest of float32.");

    /// <summary>What a float32 tensor takes up as a factor, or 0.</summary>
    public static double NonNegativeSingle(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value >= 0 && value <= float.MaxValue
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a number from 0 to 3.4e38, the largest of float32.");

    public static int Positive(int value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 1.");

    public static double Positive(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        double.IsFinite(value) && value > 0
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number above 0.");

    public static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a number from 0 to 1.");

    public static long Positive(long value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 1.");

    public static double PositiveFraction(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in (0, 1].");

    public static double AboveOne(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value > 1 && double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a number above 1.");

    public static double BelowOne(double value, [CallerArgumentExpression(nameof(value))] string name = "value") =>
        value is > 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must lie between 0 and 1.");
}
