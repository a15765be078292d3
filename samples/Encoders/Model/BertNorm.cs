using SamSharp.Samples.T5.Model;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>Layer norm, computed in float32 at least, with the input's type.</summary>
internal sealed class BertNorm : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    private readonly double _epsilon;

    public BertNorm(int width, double epsilon, WeightFactory weights) : base(nameof(BertNorm))
    {
        _weight = weights.Ones(width);
        _bias = weights.Normal(0, width);
        _epsilon = epsilon;
        RegisterComponents();
    }

    // libtorch's kernel takes float32 weights beside 16 bit values and computes in float32.
    public override Tensor forward(Tensor input) => functional.layer_norm(input, [_weight.shape[0]], _weight, _bias, _epsilon);
}
