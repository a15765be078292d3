using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>
/// How much the loss climbs within reach of one sharpness-aware step: L(w + rho g/|g|) - L(w), with g the gradient of L at w, for
/// the loss L of each batch, and averaged: the m-sharpness of Foret, Kleiner, Mobahi and Neyshabur (2021), which is what the
/// training step makes small. Weights and gradients are left as they were: weights bit for bit, gradients cleared.
/// </summary>
public static class OneStepSharpness
{
    /// <summary>A batch: its mean loss, and its weight in the average.</summary>
    public readonly record struct Part(Func<Tensor> Loss, double Weight);

    /// <param name="parts">Each loss is computed twice and differentiated once.</param>
    public static double Measure(IReadOnlyList<Parameter> parameters, IReadOnlyList<Part> parts, double rho)
        => parts.Sum(part => part.Weight * Climb(parameters, part.Loss, rho)) / parts.Sum(part => part.Weight);

    private static double Climb(IReadOnlyList<Parameter> parameters, Func<Tensor> loss, double rho)
    {
        ClearGradients(parameters);
        using var scope = NewDisposeScope();
        var before = loss();
        before.backward();

        using var gradientFree = no_grad();
        var saved = parameters.Select(parameter => parameter.clone()).ToList();
        try
        {
            Perturb(parameters, rho);
            return loss().to(ScalarType.Float64).item<double>() - before.to(ScalarType.Float64).item<double>();
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

    private static void ClearGradients(IEnumerable<Parameter> parameters)
    {
        foreach (var parameter in parameters)
            parameter.grad = null;
    }
}
