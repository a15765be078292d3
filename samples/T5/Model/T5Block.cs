using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>Self-attention, cross-attention (decoder only) and feed-forward.</summary>
internal sealed class T5Block : Module
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<Module> _layers;

    public T5Block(T5Config config, bool isDecoder, RelativePositionBias? positionBias, WeightFactory weights) : base(nameof(T5Block))
    {
        _layers = [new SelfAttentionLayer(config, weights, positionBias)];
        if (isDecoder)
            _layers.Add(new CrossAttentionLayer(config, weights));
        _layers.Add(new FeedForwardLayer(config, weights));
        RegisterComponents();
    }

    public SelfAttentionLayer SelfAttention => (SelfAttentionLayer)_layers[0];

    public CrossAttentionLayer CrossAttention => (CrossAttentionLayer)_layers[1];

    private FeedForwardLayer FeedForward => (FeedForwardLayer)_layers[^1];

    public Tensor Encode(Tensor hidden, Tensor addend)
    {
        using var scope = NewDisposeScope();
        var attended = SelfAttention.Apply(hidden, addend, cache: null);
        return FeedForward.Apply(attended, addend.dtype).MoveToOuterDisposeScope();
    }

    public Tensor Decode(Tensor hidden, Tensor addend, Tensor encoded, Tensor crossAddend)
    {
        using var scope = NewDisposeScope();
        return Finish(SelfAttention.Apply(hidden, addend, cache: null), CrossAttention.Project(encoded), crossAddend)
            .MoveToOuterDisposeScope();
    }

    public Tensor Decode(Tensor hidden, Tensor addend, LayerCache cache, Tensor crossAddend)
    {
        using var scope = NewDisposeScope();
        return Finish(SelfAttention.Apply(hidden, addend, cache), cache.Encoded, crossAddend).MoveToOuterDisposeScope();
    }

    [InDisposeScope]
    private Tensor Finish(Tensor attended, KeyValues encoded, Tensor crossAddend) =>
        FeedForward.Apply(CrossAttention.Apply(attended, encoded, crossAddend), crossAddend.dtype);
}
