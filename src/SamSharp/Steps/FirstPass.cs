namespace SamSharp.Steps;

/// <summary>What the first pass of a step has shown. Numbers are computed, and the device waited for, when first read.</summary>
public sealed class FirstPass
{
    private readonly Lazy<double> _gradientNorm;
    private readonly Func<double> _loss;

    internal FirstPass(Func<double> loss, Func<double> gradientNorm)
    {
        _loss = loss;
        _gradientNorm = new Lazy<double>(gradientNorm);
    }

    /// <summary>The loss at w; NaN in a loop written by hand.</summary>
    public double Loss => _loss();

    /// <summary>The Euclidean norm of the gradient at w, over all perturbed parameters together.</summary>
    public double GradientNorm => _gradientNorm.Value;
}
