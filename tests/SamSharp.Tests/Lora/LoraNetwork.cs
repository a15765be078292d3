using TorchSharp.Modules;
using TorchSharp.Utils;

namespace SamSharp.Tests.Lora;

/// <summary>Two of TorchSharp's linear layers around one that this file declares, held in typed fields.</summary>
internal sealed class LoraNetwork : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "first")]
    private readonly Linear _first;

    [ComponentName(Name = "last")]
    private readonly Linear _last;

    [ComponentName(Name = "middle")]
    private readonly OwnLinear _middle;

    public LoraNetwork(ScalarType dtype = ScalarType.Float64) : base(nameof(LoraNetwork))
    {
        manual_seed(3);
        _first = nn.Linear(6, 5, dtype: dtype);
        _middle = new OwnLinear(5, 5, dtype);
        _last = nn.Linear(5, 3, dtype: dtype);
        RegisterComponents();
    }

    public Linear Last => _last;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _last.call(_middle.call(_first.call(input).tanh()).tanh()).MoveToOuterDisposeScope();
    }
}

/// <summary>A linear map without bias that is none of TorchSharp's.</summary>
internal sealed class OwnLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public OwnLinear(int inputs, int outputs, ScalarType dtype) : base(nameof(OwnLinear))
    {
        using var drawn = randn(outputs, inputs, dtype: dtype);
        _weight = new Parameter(drawn.Times(0.4));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight);
}
