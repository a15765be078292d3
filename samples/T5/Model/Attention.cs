using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// T5's multi-head attention: softmax(q k^T + addend) v. The initial weights absorb the usual 1/sqrt(head width).
/// </summary>
internal sealed class Attention : Module
{
    [ComponentName(Name = "q")]
    private readonly Linear _query;

    [ComponentName(Name = "k")]
    private readonly Linear _key;

    [ComponentName(Name = "v")]
    private readonly Linear _value;

    [ComponentName(Name = "o")]
    private readonly Linear _output;

    [ComponentName(Name = "relative_attention_bias")]
    private readonly RelativePositionBias? _positionBias;

    private readonly int _heads;
    private readonly double _dropout;

    /// <param name="config">The model's shape.</param>
    /// <param name="weights">Makes the parameters.</param>
    /// <param name="positionBias">Only for the first self-attention of a stack, which owns the table for all layers.</param>
    public Attention(T5Config config, WeightFactory weights, RelativePositionBias? positionBias = null) : base(nameof(Attention))
    {
        var (width, inner) = (config.ModelWidth, config.AttentionWidth);
        var inward = 1 / Math.Sqrt(width);
        _query = new Linear(width, inner, inward / Math.Sqrt(config.HeadWidth), weights);
        _key = new Linear(width, inner, inward, weights);
        _value = new Linear(width, inner, inward, weights);
        _output = new Linear(inner, width, 1 / Math.Sqrt(inner), weights);
        _positionBias = positionBias;
        _heads = config.Heads;
        _dropout = config.DropoutRate;
        RegisterComponents();
    }

    public RelativePositionBias PositionBias =>
        _positionBias ?? throw new InvalidOperationException("Only the first self-attention of a stack owns position biases.");

    /// <summary>Keys and values of [batch, length, width].</summary>
    public KeyValues Project(Tensor source)
    {
        using var scope = NewDisposeScope();
        return new(
            SplitHeads(_key.call(source)).MoveToOuterDisposeScope(),
            SplitHeads(_value.call(source)).MoveToOuterDisposeScope());
    }

    /// <param name="hidden">[batch, queries, width].</param>
    /// <param name="source">The keys and values to attend to.</param>
    /// <param name="addend">Bias and mask: [batch * heads, queries or 1, keys].</param>
    public Tensor Attend(Tensor hidden, KeyValues source, Tensor addend)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (hidden.shape[0], hidden.shape[1]);
        var queries = SplitHeads(_query.call(hidden)).flatten(0, 1);
        var keys = source.Keys.flatten(0, 1);
        var values = source.Values.flatten(0, 1);

        // TorchSharp 0.107 takes the addend last, not as its receiver, whatever its documentation says.
        var scores = Precision.ToFinite(queries.baddbmm(keys.transpose(1, 2), addend));
        var weights = scores.softmax(-1, Precision.Wide(scores.dtype)).to(scores.dtype);
        var mixed = Dropout.Apply(weights, _dropout, training).bmm(values);
        var joined = mixed.view(batch, _heads, length, -1).transpose(1, 2).flatten(2, 3);
        return _output.call(joined).MoveToOuterDisposeScope();
    }

    [InDisposeScope]
    private Tensor SplitHeads(Tensor projected) =>
        projected.view(projected.shape[0], projected.shape[1], _heads, -1).transpose(1, 2);
}
