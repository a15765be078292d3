using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>LETS: the radius of SAM learns, so that the step it leads to has the same loss on training and validation rows.</summary>
/// <remarks>The derivative of half the squared gap follows from the chain rule through one step. How the authors keep the radius positive, and its
/// learning rate, is not known: here it stays between 0 and a largest one. To go on after a stop, keep the weights and
/// the radius: nothing else outlives a step.</remarks>
[InDisposeScope]
internal static class Lets
{
    public const string Paper =
        "LETS: Wang, Chen, Chen, Wang, Kwok, \"Enhancing Sharpness-Aware Minimization by Learning Perturbation Radius\", 2024";

    private const int Classes = 4, Steps = 200, Every = 40;
    private const double Rate = 0.3, RadiusRate = 5000, FirstRadius = 0.05, LargestRadius = 1;

    public static void Run(TextWriter output)
    {
        var (x, y) = Clusters.Balanced(60, Classes, seed: 1);
        var (checkX, checkY) = Clusters.Balanced(60, Classes, seed: 2);
        var (testX, testY) = Clusters.Balanced(1000, Classes, seed: 99);
        var weights = SmallNetwork.Create(2, 32, Classes, seed: 1);
        var (rho, rows) = (FirstRadius, new List<string[]>());
        for (var step = 0; step <= Steps; step++)
        {
            using var scope = NewDisposeScope();
            if (step % Every == 0)
            {
                rows.Add([$"{step}", $"{rho:F3}", .. new[] { (x, y), (checkX, checkY), (testX, testY) }
                    .Select(part => $"{SmallNetwork.Loss(weights, part.Item1, part.Item2).ReadDouble():F3}")]);
            }
            var slope = Step(weights, () => SmallNetwork.Loss(weights, x, y), () => SmallNetwork.Loss(weights, checkX, checkY), Rate, rho);
            rho = Math.Clamp(rho - (RadiusRate * slope), 0, LargestRadius);
        }
        Table.Write(output, ["step", "rho", "training loss", "validation", "test"], rows);
        output.WriteLine($"The radius went from {FirstRadius} to {rho:F3}.");
    }

    /// <summary>One step of SAM with SGD, and the derivative of (L_validation - L_training)^2 / 2 at the new weights by the radius.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="training">The training loss, without <c>backward()</c>.</param>
    /// <param name="validation">The validation loss.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="rho">The radius.</param>
    /// <param name="exact">Whether the Hessian at w + e is used itself, by a product; if not, the squares of g+ as its diagonal, as the
    /// authors do.</param>
    public static double Step(Parameter[] weights, Func<Tensor> training, Func<Tensor> validation, double rate, double rho, bool exact = false)
    {
        var before = Flat(weights.Select(weight => weight.detach())).clone(); // TorchSharp's cat of a single tensor is that tensor
        var gradient = Gradient(training(), weights);
        var unit = gradient.div(gradient.EuclideanNorm());
        Move(weights, before.Plus(unit, rho));
        var perturbed = Gradient(training(), weights);
        var curved = exact ? HessianProduct(training, weights, unit) : perturbed.Squared().mul(unit); // d g+ / d rho
        Move(weights, before.Plus(perturbed, -rate));
        var (lossThere, checkThere) = (training(), validation());
        var gap = checkThere.detach().sub(lossThere.detach()).ReadDouble();
        var slopes = Gradient(checkThere, weights).sub(Gradient(lossThere, weights));
        return -rate * gap * slopes.dot(curved).ReadDouble();
    }

    private static Tensor Gradient(Tensor loss, Parameter[] weights) => Flat(autograd.grad([loss], weights));

    /// <summary>H v by differentiating the product of gradient and v.</summary>
    private static Tensor HessianProduct(Func<Tensor> loss, Parameter[] weights, Tensor vector)
    {
        var gradients = autograd.grad([loss()], weights, create_graph: true, retain_graph: true);
        return Flat(autograd.grad([Flat(gradients).dot(vector)], weights));
    }

    private static Tensor Flat(IEnumerable<Tensor> parts) => cat([.. parts.Select(part => part.flatten())]);

    private static void Move(Parameter[] weights, Tensor to)
    {
        using var unrecorded = no_grad();
        var start = 0L;
        foreach (var weight in weights)
        {
            weight.copy_(to.narrow(0, start, weight.numel()).view(weight.shape));
            start += weight.numel();
        }
    }
}
