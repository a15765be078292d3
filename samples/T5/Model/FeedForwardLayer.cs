using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

internal sealed class FeedForwardLayer : Sublayer
{
    [ComponentName(Name = "DenseReluDense")]
    private readonly FeedForward _dense;

    public FeedForwardLayer(T5Config config, WeightFactory weights) : base(nameof(FeedForwardLayer), config, weights)
    {
        _dense = new FeedForward(config, weights);
        RegisterComponents();
    }

    public Tensor Apply(Tensor hidden, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return AddTo(hidden, _dense.call(Normalize(hidden, type))).MoveToOuterDisposeScope();
    }
}
