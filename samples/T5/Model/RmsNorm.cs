using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>T5's layer norm: x * weight / sqrt(mean(x^2) + epsilon), without mean subtraction or bias, computed at least in float32.</summary>
internal sealed class RmsNorm : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    private readonly double _epsilon;

    public RmsNorm(int width, double epsilon, WeightFactory weights) : base(nameof(RmsNorm))
    {
        _weight = weights.Ones(width);
        _epsilon = epsilon;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => Apply(input, input.dtype);

    /// <summary>The norm of an input in a type, which a wider residual stream goes into.</summary>
    public Tensor Apply(Tensor input, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var wide = Precision.Widen(input);
        var scale = wide.Squared().mean([-1], keepdim: true).IncreaseBy(_epsilon).rsqrt_();
        return (wide * scale).to(type).mul(_weight.to(type)).MoveToOuterDisposeScope();
    }
}
