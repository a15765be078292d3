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

    /// <param name="hidden">The residual stream.</param>
    /// <param name="type">The type to compute in.</param>
    protected Tensor Normalize(Tensor hidden, ScalarType type) => _norm.Apply(hidden, type);

    /// <summary>The residual connection; writes into <paramref name="output"/>, whose values no gradient needs.</summary>
    [InDisposeScope]
    protected Tensor AddTo(Tensor hidden, Tensor output)
    {
        var wide = output.dtype == hidden.dtype ? output : Precision.ToFinite(output).to(hidden.dtype);
        return Dropout.Apply(wide, _dropout, training).IncreaseBy(hidden);
    }
}
