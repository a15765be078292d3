using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

internal sealed class SelfAttentionLayer : Sublayer
{
    [ComponentName(Name = "SelfAttention")]
    private readonly Attention _attention;

    public SelfAttentionLayer(T5Config config, WeightFactory weights, RelativePositionBias? positionBias)
        : base(nameof(SelfAttentionLayer), config, weights)
    {
        _attention = new Attention(config, weights, positionBias);
        RegisterComponents();
    }

    public RelativePositionBias PositionBias => _attention.PositionBias;

    /// <param name="hidden">[batch, length, width]; with a cache, only the new positions.</param>
    /// <param name="addend">Bias and mask of the scores.</param>
    /// <param name="cache">Contains keys and values of earlier positions; the new ones are appended.</param>
    public Tensor Apply(Tensor hidden, Tensor addend, LayerCache? cache)
    {
        using var scope = NewDisposeScope();
        var normed = Normalize(hidden, addend.dtype);
        var source = _attention.Project(normed);
        if (cache is not null)
            source = cache.Append(source);
        return AddTo(hidden, _attention.Attend(normed, source, addend)).MoveToOuterDisposeScope();
    }
}
