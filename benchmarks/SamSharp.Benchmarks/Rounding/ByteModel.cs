using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Rounding;

/// <summary>Predicts the next byte of a text from the sixteen before it: an embedding and two hidden layers, some 300,000 weights.</summary>
internal sealed class ByteModel : nn.Module
{
    private const int Width = 32, Hidden = 256;

    private readonly Parameter _embedding, _first, _second, _scores;

    public ByteModel(ScalarType type) : base(nameof(ByteModel))
    {
        using var generator = new Generator(1);
        Parameter Normal(long rows, long columns)
        {
            using var scope = NewDisposeScope();
            var drawn = randn([rows, columns], generator: generator).Times(1 / Math.Sqrt(columns)).to(type);
            return new(drawn.MoveToOuterDisposeScope());
        }
        _embedding = Normal(256, Width);
        _first = Normal(Hidden, ByteText.Context * Width);
        _second = Normal(Hidden, Hidden);
        _scores = Normal(256, Hidden);
        RegisterComponents();
    }

    /// <summary>The mean cross-entropy in float32.</summary>
    public Tensor Loss(Tensor context, Tensor next)
    {
        using var scope = NewDisposeScope();
        var hidden = nn.functional.linear(_embedding[context].flatten(1), _first).relu();
        hidden = nn.functional.linear(hidden, _second).relu().Plus(hidden);
        var scores = nn.functional.linear(hidden, _scores).to(ScalarType.Float32);
        return nn.functional.cross_entropy(scores, next).MoveToOuterDisposeScope();
    }
}
