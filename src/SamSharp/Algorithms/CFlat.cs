using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>C-Flat (Bian, Li, Yuan, Yu, Zhang, Feng, "Make Continual Learning Stronger via C-Flat", 2024; WanNaa/C-Flat): g+ plus lambda times
    /// the rise of the gradient by an ascent from the point where the gradient grows most. Four passes per step.</summary>
    /// <param name="rho">The radius of every ascent. Default 0.2 (the official code).</param>
    /// <param name="lambda">The weight of first-order flatness. Default 0.2 (the official code).</param>
    /// <remarks>The code's adaptive form leaves w^2 out of two of its three ascents; here <see cref="SharpnessAwareOptions.Geometry"/> applies to
    /// all.</remarks>
    [Published("C-Flat", "Bian et al. 2024", "3", "6")]
    public static SharpnessAwareOptions CFlat(double rho = 0.2, double lambda = 0.2) => new() { Rho = rho, Combiner = new FlatnessRise(lambda) };
}

/// <summary>C-Flat's gradient, g1 + lambda (g3 - g2): g1 = g+, g2 at p = w + rho (g1 - g)^, g3 after an ascent from p.</summary>
/// <param name="Lambda">The weight of first-order flatness, at least 0.</param>
internal sealed record FlatnessRise(double Lambda) : ICombiner
{
    /// <summary>The weight of first-order flatness, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Lambda { get; init => field = Check.NonNegative(value, "lambda"); } = Check.NonNegative(Lambda, "lambda");

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var (second, third) = FlatnessPoints.Of(descent, reach: 1);
        using (second)
        using (third)
        {
            foreach (var pair in descent.Pairs)
            {
                descent.Accumulate(pair.AtPerturbed, third.Of(pair), Lambda);
                descent.Accumulate(pair.AtPerturbed, second.Of(pair), -Lambda);
            }
        }
    }
}
