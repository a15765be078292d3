using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>Two linear layers with a tanh between them, as a function of its weights: several sets of weights can share it, and gradients can go
/// through weights that were computed.</summary>
[InDisposeScope]
internal static class SmallNetwork
{
    /// <summary>Random weights: [hidden, inputs], [hidden], [outputs, hidden], [outputs].</summary>
    public static Parameter[] Create(int inputs, int hidden, int outputs, ulong seed)
    {
        var generator = new Generator(seed);
        Parameter Draw(double scale, params long[] shape) => new(randn(shape, float64, generator: generator).MultiplyBy(scale));
        Parameter[] weights =
        [
            Draw(1 / Math.Sqrt(inputs), hidden, inputs), Draw(0, hidden), Draw(1 / Math.Sqrt(hidden), outputs, hidden), Draw(0, outputs),
        ];
        generator.Dispose();
        return weights;
    }

    /// <summary>[rows, inputs] to [rows, outputs].</summary>
    public static Tensor Forward(IReadOnlyList<Tensor> weights, Tensor x) =>
        nn.functional.linear(nn.functional.linear(x, weights[0], weights[1]).tanh(), weights[2], weights[3]);

    /// <summary>The mean cross-entropy of labels.</summary>
    public static Tensor Loss(IReadOnlyList<Tensor> weights, Tensor x, Tensor y) => nn.functional.cross_entropy(Forward(weights, x), y);

    /// <summary>The loss after <c>backward()</c>.</summary>
    public static Tensor Backward(IReadOnlyList<Tensor> weights, Tensor x, Tensor y)
    {
        var loss = Loss(weights, x, y);
        loss.backward();
        return loss;
    }

    /// <summary>The part of rows whose label has the highest score.</summary>
    public static double Accuracy(IReadOnlyList<Tensor> weights, Tensor x, Tensor y)
    {
        using var unrecorded = no_grad();
        return Forward(weights, x).argmax(1).eq(y).to(float64).mean().ReadDouble();
    }

    /// <summary>Equal weights of their own.</summary>
    public static Parameter[] Copy(IReadOnlyList<Tensor> weights) => [.. weights.Select(weight => new Parameter(weight.detach().clone()))];

    /// <summary>The rise of the loss when the weights go a distance along the gradient.</summary>
    public static double Sharpness(IReadOnlyList<Parameter> weights, Tensor x, Tensor y, double rho)
    {
        var at = Copy(weights);
        var loss = Backward(at, x, y);
        using var unrecorded = no_grad();
        var norm = stack(at.Select(weight => weight.grad!.EuclideanNorm())).EuclideanNorm().ReadDouble();
        return Loss([.. at.Select(weight => weight.Plus(weight.grad!, rho / norm))], x, y).Minus(loss.ReadDouble()).ReadDouble();
    }
}
