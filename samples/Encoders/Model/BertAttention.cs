using SamSharp.Samples.T5.Model;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>Multi-head self-attention, then a linear map and the residual connection.</summary>
internal sealed class BertAttention : Module
{
    [ComponentName(Name = "self")]
    private readonly SelfAttention _self;

    [ComponentName(Name = "output")]
    private readonly ResidualOutput _output;

    public BertAttention(BertConfig config, WeightFactory weights) : base(nameof(BertAttention))
    {
        _self = new SelfAttention(config, weights);
        _output = new ResidualOutput(config.Width, config, weights);
        RegisterComponents();
    }

    /// <param name="hidden">[batch, length, width].</param>
    /// <param name="addend">[batch * heads, 1, length]: 0, or the lowest number for a position that is not looked at.</param>
    /// <param name="dropout">The part of the values that is dropped.</param>
    public Tensor Attend(Tensor hidden, Tensor addend, double dropout)
    {
        using var scope = NewDisposeScope();
        return _output.Apply(_self.Attend(hidden, addend, dropout), hidden, dropout).MoveToOuterDisposeScope();
    }
}

/// <summary>softmax(q k^T / sqrt(width of a head) + addend) v.</summary>
internal sealed class SelfAttention : Module
{
    [ComponentName(Name = "query")]
    private readonly Affine _query;

    [ComponentName(Name = "key")]
    private readonly Affine _key;

    [ComponentName(Name = "value")]
    private readonly Affine _value;

    private readonly int _heads;
    private readonly double _scale;

    public SelfAttention(BertConfig config, WeightFactory weights) : base(nameof(SelfAttention))
    {
        _query = new Affine(config.Width, config.Width, weights);
        _key = new Affine(config.Width, config.Width, weights);
        _value = new Affine(config.Width, config.Width, weights);
        _heads = config.Heads;
        _scale = 1 / Math.Sqrt(config.Width / (double)config.Heads);
        RegisterComponents();
    }

    public Tensor Attend(Tensor hidden, Tensor addend, double dropout)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (hidden.shape[0], hidden.shape[1]);
        var queries = SplitHeads(_query.call(hidden)).Times(_scale);
        var keys = SplitHeads(_key.call(hidden));
        var values = SplitHeads(_value.call(hidden));
        // TorchSharp 0.107 takes the addend last, not as its receiver, whatever its documentation says.
        var scores = queries.baddbmm(keys.transpose(1, 2), addend);
        var weights = scores.softmax(-1, Precision.Wide(scores.dtype)).to(scores.dtype);
        var mixed = Drop.Apply(weights, dropout, training: true).bmm(values);
        return mixed.view(batch, _heads, length, -1).transpose(1, 2).flatten(2, 3).MoveToOuterDisposeScope();
    }

    [InDisposeScope]
    private Tensor SplitHeads(Tensor projected) =>
        projected.view(projected.shape[0], projected.shape[1], _heads, -1).transpose(1, 2).flatten(0, 1);
}

/// <summary>norm(dropout(dense x) + residual).</summary>
internal sealed class ResidualOutput : Module
{
    [ComponentName(Name = "dense")]
    private readonly Affine _dense;

    [ComponentName(Name = "LayerNorm")]
    private readonly BertNorm _norm;

    public ResidualOutput(int inputs, BertConfig config, WeightFactory weights) : base(nameof(ResidualOutput))
    {
        _dense = new Affine(inputs, config.Width, weights);
        _norm = new BertNorm(config.Width, config.NormEpsilon, weights);
        RegisterComponents();
    }

    public Tensor Apply(Tensor values, Tensor residual, double dropout)
    {
        using var scope = NewDisposeScope();
        return _norm.call(Drop.Apply(_dense.call(values), dropout, training: true).Plus(residual)).MoveToOuterDisposeScope();
    }
}
