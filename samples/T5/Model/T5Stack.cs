using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>The encoder or the decoder: blocks, then a layer norm; dropout before and after.</summary>
internal sealed class T5Stack : Module
{
    [ComponentName(Name = "block")]
    private readonly ModuleList<T5Block> _blocks = [];

    [ComponentName(Name = "final_layer_norm")]
    private readonly RmsNorm _norm;

    private readonly double _dropout;

    public T5Stack(T5Config config, bool isDecoder, WeightFactory weights) : base(nameof(T5Stack))
    {
        for (var i = 0; i < (isDecoder ? config.DecoderLayers : config.EncoderLayers); i++)
        {
            var positionBias = i == 0 ? new RelativePositionBias(config, bidirectional: !isDecoder, weights) : null;
            _blocks.Add(new T5Block(config, isDecoder, positionBias, weights));
        }
        _norm = new RmsNorm(config.ModelWidth, config.LayerNormEpsilon, weights);
        _dropout = config.DropoutRate;
        RegisterComponents();
    }

    public ModuleList<T5Block> Blocks => _blocks;

    /// <summary>The bias of all blocks, owned by the first.</summary>
    public RelativePositionBias PositionBias => _blocks[0].SelfAttention.PositionBias;

    /// <summary>Passes embeddings [batch, length, width] through all blocks, each applied by <paramref name="apply"/>.</summary>
    public Tensor Run(Tensor embedded, Func<T5Block, int, Tensor, Tensor> apply)
    {
        using var scope = NewDisposeScope();
        var hidden = Dropout.Apply(embedded, _dropout, training).to(Precision.OfStream(embedded.dtype));
        for (var i = 0; i < _blocks.Count; i++)
            hidden = apply(_blocks[i], i, hidden);
        return Dropout.Apply(_norm.Apply(hidden, embedded.dtype), _dropout, training).MoveToOuterDisposeScope();
    }
}
