using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>
/// How much the loss climbs within reach of one sharpness-aware step: L(w + rho g/|g|) - L(w) with g the gradient of L at w.
/// To first order it is rho |g|. Weights and gradients are left as they were: weights bit for bit, gradients cleared.
/// </summary>
public static class OneStepSharpness
{
    /// <summary>A part of the loss: the mean over its labels, and how many labels that are.</summary>
    public readonly record struct Part(Func<Tensor> Loss, double Weight);

    /// <param name="parts">Their weighted mean is L; each is computed three times, and differentiated once.</param>
    public static double Measure(IReadOnlyList<Parameter> parameters, IReadOnlyList<Part> parts, double rho)
    {
        var total = parts.Sum(part => part.Weight);
        ClearGradients(parameters);
        var before = 0.0;
        foreach (var part in parts)
        {
            using var scope = NewDisposeScope();
            using var loss = part.Loss() * (part.Weight / total);
            loss.backward();
            before += loss.to(ScalarType.Float64).item<double>();
        }

        using var weights = NewDisposeScope();
        using var gradientFree = no_grad();
        var saved = parameters.Select(parameter => parameter.clone()).ToList();
        try
        {
            Perturb(parameters, rho);
            return Loss(parts, total) - before;
        }
        finally
        {
            foreach (var (parameter, original) in parameters.Zip(saved))
                parameter.copy_(original);
            ClearGradients(parameters);
        }
    }

    private static void Perturb(IReadOnlyList<Parameter> parameters, double rho)
    {
        var touched = parameters.Where(parameter => parameter.grad is not null).ToList();
        var norms = touched.Select(parameter => parameter.grad!.to(ScalarType.Float32).norm());
        var norm = stack(norms).norm().item<float>();
        if (norm == 0)
            return;
        foreach (var parameter in touched)
            parameter.add_(parameter.grad!, alpha: rho / norm);
    }

    private static double Loss(IReadOnlyList<Part> parts, double total)
    {
        var sum = 0.0;
        foreach (var part in parts)
        {
            using var scope = NewDisposeScope();
            sum += part.Loss().to(ScalarType.Float64).item<double>() * (part.Weight / total);
        }
        return sum;
    }

    private static void ClearGradients(IEnumerable<Parameter> parameters)
    {
        foreach (var parameter in parameters)
            parameter.grad = null;
    }
}
