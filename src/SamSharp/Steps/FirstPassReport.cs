using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What the first pass of a step has shown. Numbers are computed when first read, which waits for the device.</summary>
public sealed class FirstPassReport
{
    private readonly StepServices _services;
    private readonly Lazy<double> _gradientNorm;
    private readonly Dictionary<IStepPart, double> _measured = [];

    internal FirstPassReport(StepServices services, Perturbation perturbation)
    {
        _services = services;
        _gradientNorm = new Lazy<double>(() =>
        {
            using var scope = NewDisposeScope();
            using var ascent = perturbation.New(draw: 0);
            return ascent.GlobalNorm(bucket => ascent.Norm(bucket.AtWeights)).Value();
        });
    }

    /// <summary>The loss at w; NaN in a two-phase loop.</summary>
    public double Loss => _services.Report.Loss;

    /// <summary>The Euclidean norm of the gradient at w, over all perturbed parameters together.</summary>
    public double GradientNorm => _gradientNorm.Value;

    /// <summary>What a schedule remembers from step to step.</summary>
    /// <param name="part">The schedule itself; it must say <see cref="IStepPart.Remembers"/>.</param>
    /// <exception cref="InvalidOperationException">The part is not one of the recipe's, or says that it remembers nothing.</exception>
    public PartMemory MemoryOf(IStepPart part) => _services.Memory.Of(part);

    /// <summary>Measures a number once per step, although every param group asks for its radius.</summary>
    /// <param name="part">The schedule itself.</param>
    /// <param name="measure">Computes the number.</param>
    public double Once(IStepPart part, Func<double> measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        if (!_measured.TryGetValue(part, out var value)) _measured[part] = value = measure();
        return value;
    }
}
