using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

internal sealed class CrossAttentionLayer : Sublayer
{
    [ComponentName(Name = "EncDecAttention")]
    private readonly Attention _attention;

    public CrossAttentionLayer(T5Config config, WeightFactory weights) : base(nameof(CrossAttentionLayer), config, weights)
    {
        _attention = new Attention(config, weights);
        RegisterComponents();
    }

    /// <summary>Keys and values of the encoder's output.</summary>
    public KeyValues Project(Tensor encoded) => _attention.Project(encoded);

    public Tensor Apply(Tensor hidden, KeyValues encoded, Tensor addend)
    {
        using var scope = NewDisposeScope();
        return AddTo(hidden, _attention.Attend(Normalize(hidden, addend.dtype), encoded, addend)).MoveToOuterDisposeScope();
    }
}
