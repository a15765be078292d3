using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Benchmarks.Training;

/// <summary>Attention of <see cref="StraightforwardT5"/>.</summary>
[InDisposeScope]
internal sealed class StraightforwardAttention : Module
{
    private readonly int _heads;
    private readonly Linear _query, _key, _value, _output;
    private readonly Dropout _dropout;

    public StraightforwardAttention(int width, int heads, double dropout) : base(nameof(StraightforwardAttention))
    {
        _heads = heads;
        (_query, _key, _value, _output) = (Square(), Square(), Square(), Square());
        _dropout = Dropout(dropout);
        RegisterComponents();

        Linear Square() => Linear(width, width, hasBias: false);
    }

    /// <param name="hidden">What asks: [batch, queries, width].</param>
    /// <param name="source">What is looked at: [batch, keys, width].</param>
    /// <param name="addend">Added to the scores [batch, heads, queries, keys].</param>
    public Tensor Attend(Tensor hidden, Tensor source, Tensor addend)
    {
        var (query, key, value) = (Split(_query.call(hidden)), Split(_key.call(source)), Split(_value.call(source)));
        var weights = _dropout.call(functional.softmax(matmul(query, key.transpose(-2, -1)).Plus(addend), -1));
        var mixed = matmul(weights, value).transpose(1, 2).contiguous();
        return _output.call(mixed.view(hidden.shape[0], hidden.shape[1], -1));
    }

    private Tensor Split(Tensor values) => values.view(values.shape[0], values.shape[1], _heads, -1).transpose(1, 2);
}
