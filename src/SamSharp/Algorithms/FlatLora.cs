using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of Flat-LoRA (Li et al., "Flat-LoRA: Low-Rank Adaptation over a Flat Loss Landscape", 2024; nblt/Flat-LoRA): all passes of the
    /// step see frozen weights with Gaussian noise, whose deviation in row i is f_t rho |row i of W + (alpha / rank) B A| / sqrt(inputs), where f_t
    /// rises from 0 to 1 along half a cosine.
    /// </summary>
    /// <param name="optimizer">The optimizer of the adapters' parameters. With rho = 0 the step has one pass; any recipe works.</param>
    /// <param name="closure">The loss to minimize; it calls <c>backward()</c>.</param>
    /// <param name="adapters">The layers.</param>
    /// <param name="steps">The number of steps of the training, over which f_t rises.</param>
    /// <param name="rho">The scale of the noise. Default 0.05 (the paper, for language; 0.15 for images).</param>
    /// <param name="seed">Determines the noise, together with the step's number and the layer. Default 0.</param>
    /// <returns>What <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/> returns.</returns>
    /// <remarks>The noise is added to the layers' outputs, so that no weight changes; the published code adds it to the weights and subtracts it
    /// again, which does not restore all bits. One copy of the adapted weights holds it during the step.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public static Tensor FlatLoraStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> closure, LoraAdapters adapters, long steps,
        double rho = 0.05, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(adapters);
        Check.NonNegative(rho);
        var step = optimizer.Services.Steps + 1;
        var share = Ramp.Cosine(0, 1, Check.Positive(steps))(step);
        var noises = new List<Tensor>();
        try
        {
            foreach (var (layer, index) in adapters.Layers.Values.Select((layer, index) => (layer, index)))
            {
                var noise = FlatLoraNoise(layer, share * rho, CounterRandom.Hash(seed, step, index));
                noises.Add(noise);
                layer.Other = input => Product(input, noise);
            }
            return optimizer.Step(closure);
        }
        finally
        {
            foreach (var layer in adapters.Layers.Values) layer.Other = null;
            foreach (var noise in noises) noise.Dispose();
        }

        static Tensor Product(Tensor input, Tensor noise)
        {
            if (input.dtype == noise.dtype) return nn.functional.linear(input, noise);
            using var converted = noise.to(input.dtype);
            return nn.functional.linear(input, converted);
        }
    }

    /// <summary>The noise of a layer's weight, [outputs, inputs], in the factors' type.</summary>
    private static Tensor FlatLoraNoise(LoraLinear layer, double scale, ulong seed)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed, CPU);
        var whole = layer.Addition().IncreaseBy(layer.Weight);
        var deviations = whole.Squared().sum(1, keepdim: true).sqrt().MultiplyBy(scale / Math.Sqrt(whole.shape[1]));
        var drawn = randn(whole.shape, whole.dtype, CPU, generator: generator);
        return drawn.to(whole.device).mul(deviations).DetachFromDisposeScope();
    }
}
