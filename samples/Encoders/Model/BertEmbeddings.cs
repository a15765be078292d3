using SamSharp.Samples.T5.Model;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>The sum of the vectors of a piece, its position and its segment, normalized.</summary>
internal sealed class BertEmbeddings : Module
{
    [ComponentName(Name = "word_embeddings")]
    private readonly VectorTable _words;

    [ComponentName(Name = "position_embeddings")]
    private readonly VectorTable _positions;

    [ComponentName(Name = "token_type_embeddings")]
    private readonly VectorTable _segments;

    [ComponentName(Name = "LayerNorm")]
    private readonly BertNorm _norm;

    public BertEmbeddings(BertConfig config, WeightFactory weights) : base(nameof(BertEmbeddings))
    {
        _words = new VectorTable(config.VocabularySize, config.Width, weights);
        _positions = new VectorTable(config.Positions, config.Width, weights);
        _segments = new VectorTable(config.Segments, config.Width, weights);
        _norm = new BertNorm(config.Width, config.NormEpsilon, weights);
        RegisterComponents();
    }

    public Device Device => _words.Weight.device;

    public ScalarType Type => _words.Weight.dtype;

    /// <param name="ids">[batch, length].</param>
    /// <param name="segments">[batch, length], 0 or 1.</param>
    /// <param name="type">The type of the result [batch, length, width].</param>
    public Tensor Lookup(Tensor ids, Tensor segments, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var positions = ScalarArithmetic.Range(ids.shape[1], int64, ids.device);
        var sum = _words.Lookup(ids).Plus(_segments.Lookup(segments)).Plus(_positions.Lookup(positions.unsqueeze(0)));
        return _norm.call(sum).to(type).MoveToOuterDisposeScope();
    }
}

/// <summary>Vectors by number.</summary>
internal sealed class VectorTable : Module
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public VectorTable(int rows, int width, WeightFactory weights) : base(nameof(VectorTable))
    {
        _weight = weights.Normal(0.02, rows, width);
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    /// <summary>[batch, length] to [batch, length, width].</summary>
    public Tensor Lookup(Tensor ids)
    {
        using var scope = NewDisposeScope();
        return _weight.index_select(0, ids.reshape(-1)).view(ids.shape[0], ids.shape[1], -1).MoveToOuterDisposeScope();
    }
}
