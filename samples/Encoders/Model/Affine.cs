using SamSharp.Samples.T5.Model;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>A linear map with a bias.</summary>
internal sealed class Affine : Module<Tensor, Tensor>
{
    /// <summary>BERT's own initial deviation.</summary>
    private const double Deviation = 0.02;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    public Affine(int inputs, int outputs, WeightFactory weights) : base(nameof(Affine))
    {
        _weight = weights.Normal(Deviation, outputs, inputs);
        _bias = weights.Normal(0, outputs);
        RegisterComponents();
    }

    public int Outputs => (int)_bias.shape[0];

    public override Tensor forward(Tensor input) => DenseProduct.Of(input, _weight, _bias);
}
