using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>One part of a block: x + dropout(f(norm(x))).</summary>
internal abstract class Sublayer : Module
{
    [ComponentName(Name = "layer_norm")]
    private readonly RmsNorm _norm;

    private readonly double _dropout;

    protected Sublayer(string name, T5Config config, WeightFactory weights) : base(name)
    {
        _norm = new RmsNorm(config.ModelWidth, config.LayerNormEpsilon, weights);
        _dropout = config.DropoutRate;
    }

    protected Tensor Normalize(Tensor hidden) => _norm.call(hidden);

    /// <summary>The residual connection; writes into <paramref name="output"/>, whose values no gradient needs.</summary>
    protected Tensor AddTo(Tensor hidden, Tensor output) => Dropout.Apply(output, _dropout, training).IncreaseBy(hidden);
}
