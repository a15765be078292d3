using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>A linear map without bias, initialized from T5's distribution.</summary>
internal sealed class Linear : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public Linear(int inputs, int outputs, double deviation, WeightFactory weights) : base(nameof(Linear))
    {
        _weight = weights.Normal(deviation, outputs, inputs);
        RegisterComponents();
    }

    public ScalarType Type => _weight.dtype;

    public override Tensor forward(Tensor input) => DenseProduct.Of(input, _weight);
}
