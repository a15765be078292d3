using SamSharp.Samples.T5.Model;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>Attention, then two linear maps with a GELU between them; each with its residual connection.</summary>
internal sealed class BertLayer : Module
{
    [ComponentName(Name = "attention")]
    private readonly BertAttention _attention;

    [ComponentName(Name = "intermediate")]
    private readonly Intermediate _intermediate;

    [ComponentName(Name = "output")]
    private readonly ResidualOutput _output;

    public BertLayer(BertConfig config, WeightFactory weights) : base(nameof(BertLayer))
    {
        _attention = new BertAttention(config, weights);
        _intermediate = new Intermediate(config, weights);
        _output = new ResidualOutput(config.InnerWidth, config, weights);
        RegisterComponents();
    }

    public Tensor Apply(Tensor hidden, Tensor addend, double dropout)
    {
        using var scope = NewDisposeScope();
        var attended = _attention.Attend(hidden, addend, dropout);
        return _output.Apply(_intermediate.call(attended), attended, dropout).MoveToOuterDisposeScope();
    }

    private sealed class Intermediate : Module<Tensor, Tensor>
    {
        [ComponentName(Name = "dense")]
        private readonly Affine _dense;

        public Intermediate(BertConfig config, WeightFactory weights) : base(nameof(Intermediate))
        {
            _dense = new Affine(config.Width, config.InnerWidth, weights);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var inner = _dense.call(input);
            return functional.gelu(inner);
        }
    }
}

/// <summary>The layers in order.</summary>
internal sealed class BertStack : Module
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<BertLayer> _layers = [];

    public BertStack(BertConfig config, WeightFactory weights) : base(nameof(BertStack))
    {
        for (var i = 0; i < config.Layers; i++)
            _layers.Add(new BertLayer(config, weights));
        RegisterComponents();
    }

    public ModuleList<BertLayer> Layers => _layers;
}
