using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>The shared table of token vectors: encoder and decoder read it, and a tied output layer multiplies by it.</summary>
internal sealed class TokenEmbedding : Module
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public TokenEmbedding(int vocabularySize, int width, WeightFactory weights) : base(nameof(TokenEmbedding))
    {
        _weight = weights.Normal(1, vocabularySize, width);
        RegisterComponents();
    }

    public ScalarType Type => _weight.dtype;

    public Device Device => _weight.device;

    /// <summary>Copies the rows that are not all zero.</summary>
    public void Set(Tensor rows)
    {
        using var gradientFree = no_grad();
        using var scope = NewDisposeScope();
        var given = rows.to(_weight.dtype).to(_weight.device);
        _weight.copy_(where(given.IsNotEqualTo(0).any(1, keepdim: true), given, _weight));
    }

    /// <summary>ids [batch, length] to vectors [batch, length, width] of a type.</summary>
    public Tensor Lookup(Tensor ids, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var rows = _weight.index_select(0, ids.reshape(-1));
        return rows.to(type).view(ids.shape[0], ids.shape[1], -1).MoveToOuterDisposeScope();
    }

    /// <summary>The tied output layer: hidden . weight^T.</summary>
    public Tensor Scores(Tensor hidden) => functional.linear(hidden, _weight);
}
