using TorchSharp.Modules;

namespace SamSharp.Tests.Lora;

/// <summary>One layer with a pair of rank 1, and a loss.</summary>
[InDisposeScope]
internal static class LoraPair
{
    // W = [[1, 2], [3, 4]], A = (3, 4), B = (0.6, 0.8)', scale 1; the loss is the sum of outputs for x = (1, 0).
    // Gradients: B's is A x = 3 in both entries, |.| = 3 sqrt 2; A's is (sum of B) x = (1.4, 0).
    public static (Linear Layer, LoraAdapters Adapters, LoraLinear Pair) One()
    {
        var layer = nn.Linear(2, 2, hasBias: false, dtype: float64);
        var adapters = LoraAdapters.Inject(layer, (_, _) => true, rank: 1, alpha: 1);
        var pair = adapters.Layers[""];
        using var unrecorded = no_grad();
        layer.weight!.copy_(tensor(new double[] { 1, 2, 3, 4 }, [2, 2]));
        pair.A.copy_(tensor(new double[] { 3, 4 }, [1, 2]));
        pair.B.copy_(tensor(new[] { 0.6, 0.8 }, [2, 1]));
        return (layer, adapters, pair);
    }

    public static Func<Tensor> Sum(nn.Module<Tensor, Tensor> layer, double factor = 1) => () =>
    {
        var loss = layer.call(tensor(new double[] { 1, 0 }, [1, 2])).sum().Times(factor);
        loss.backward();
        return loss;
    };
}
