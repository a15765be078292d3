using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Benchmarks.Training;

/// <summary>
/// T5 as one would first write it with TorchSharp's own modules: what the sample's model is compared with, not to use. The same mathematics,
/// number of parameters and dropout; position buckets, masks and biases are made again in every pass. The tied embedding is one parameter used
/// twice.
/// </summary>
internal sealed class StraightforwardT5 : Module
{
    private const int Vocabulary = 32128, Width = 512, Heads = 8, Blocks = 6;
    private const double DropoutRate = 0.1;

    private readonly Parameter _embedding = new(randn(Vocabulary, Width));
    private readonly StraightforwardStack _encoder = new(Width, Heads, Blocks, DropoutRate, isDecoder: false);
    private readonly StraightforwardStack _decoder = new(Width, Heads, Blocks, DropoutRate, isDecoder: true);

    public StraightforwardT5() : base(nameof(StraightforwardT5)) => RegisterComponents();

    /// <summary>The mean cross-entropy over all labels; ids, mask and labels are int64 [batch, length].</summary>
    public Tensor Loss(Tensor ids, Tensor mask, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var padding = mask.to(float32).SubtractedFrom(1).unsqueeze(1).unsqueeze(1).Times(float.MinValue);
        var start = zeros([labels.shape[0], 1], int64);
        var inputs = cat([start, labels[TensorIndex.Colon, TensorIndex.Slice(0, -1)]], 1);
        var encoded = _encoder.Run(_embedding[ids], padding, null, null);
        var decoded = _decoder.Run(_embedding[inputs], null, encoded, padding);
        var scores = functional.linear(decoded.Times(Math.Pow(Width, -0.5)), _embedding);
        return functional.cross_entropy(scores.view(-1, Vocabulary), labels.view(-1)).MoveToOuterDisposeScope();
    }
}
