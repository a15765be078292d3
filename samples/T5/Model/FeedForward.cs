using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>wo(activation(wi x)), or gated: wo(activation(wi_0 x) * wi_1 x).</summary>
internal sealed class FeedForward : Module<Tensor, Tensor>
{
    [ComponentName(Name = "wi")]
    private readonly Linear? _inner;

    [ComponentName(Name = "wi_0")]
    private readonly Linear? _activated;

    [ComponentName(Name = "wi_1")]
    private readonly Linear? _gate;

    [ComponentName(Name = "wo")]
    private readonly Linear _output;

    private readonly FeedForwardActivation _activation;
    private readonly double _dropout;

    public FeedForward(T5Config config, WeightFactory weights) : base(nameof(FeedForward))
    {
        if (config.GatedFeedForward)
        {
            _activated = Inward();
            _gate = Inward();
        }
        else
        {
            _inner = Inward();
        }
        _output = new Linear(config.FeedForwardWidth, config.ModelWidth, 1 / Math.Sqrt(config.FeedForwardWidth), weights);
        _activation = config.Activation;
        _dropout = config.DropoutRate;
        RegisterComponents();

        Linear Inward() => new(config.ModelWidth, config.FeedForwardWidth, 1 / Math.Sqrt(config.ModelWidth), weights);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var activated = Activate((_inner ?? _activated!).call(input));
        if (_gate is not null)
            activated = activated * _gate.call(input);
        var inside = Dropout.Apply(activated, _dropout, training);
        return (inside.dtype == ScalarType.Float16 ? OutOfFloat16(inside) : _output.call(inside)).MoveToOuterDisposeScope();
    }

    // The largest numbers of a T5 arise here: the product is in the weight's type, not in autocast's.
    [InDisposeScope]
    private Tensor OutOfFloat16(Tensor inside)
    {
        using var wide = Autocast.Disabled(inside.device);
        return Precision.ToFinite(_output.call(Precision.ToFinite(inside).to(_output.Type)));
    }

    // The gradient of relu needs only its result, so it may overwrite its input.
    private Tensor Activate(Tensor values) => _activation switch
    {
        FeedForwardActivation.Relu => values.relu_(),
        FeedForwardActivation.Gelu => functional.gelu(values),
        FeedForwardActivation.GeluTanh => functional.gelu(values, TorchSharp.Modules.GELU.Approximate.tanh),
        FeedForwardActivation.Silu => functional.silu(values),
        _ => throw new InvalidOperationException($"Unknown activation {_activation}."),
    };
}
