using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>A small seeded classification problem: tanh network with two layers, and a batch for every step.</summary>
public sealed class Problem : IDisposable
{
    /// <summary>A hidden layer for which one weight is large enough to be exchanged rather than copied.</summary>
    public const int Large = 700;

    private readonly Generator _generator;

    public Problem(ScalarType dtype = ScalarType.Float64, ulong seed = 7, double dropout = 0, bool batchNorm = false, int hidden = 10)
    {
        _generator = new Generator(seed);
        Model = new Network(_generator, dtype, dropout, batchNorm, hidden);
        using var x = randn([64, 6], dtype: float64, generator: _generator);
        X = x.to(dtype);
        Y = randint(0, 3, [64], dtype: int64, generator: _generator);
    }

    public Network Model { get; }

    public Tensor X { get; }

    public Tensor Y { get; }

    public IEnumerable<Parameter> Parameters => Model.parameters();

    /// <summary>The loss of a batch of eight rows after backward().</summary>
    public Tensor Backward(int step = 0)
    {
        using var scope = NewDisposeScope();
        return Backward(Batch(X, step), Batch(Y, step)).MoveToOuterDisposeScope();
    }

    public Tensor Backward(Tensor x, Tensor y)
    {
        var loss = Loss(x, y);
        loss.backward();
        return loss;
    }

    public Tensor Loss(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(Model.forward(x), y).MoveToOuterDisposeScope();
    }

    public static Tensor Batch(Tensor all, int step) => all.narrow(0, step % 8 * 8, 8);

    /// <summary>All weights in one vector, a copy.</summary>
    public Tensor Weights()
    {
        using var scope = NewDisposeScope();
        return cat(Parameters.Select(p => p.detach().reshape(-1)).ToArray()).clone().MoveToOuterDisposeScope();
    }

    /// <summary>All gradients in one vector, zeros where there is none.</summary>
    public Tensor Gradients()
    {
        using var scope = NewDisposeScope();
        return cat(Parameters.Select(p => (p.grad ?? zeros_like(p)).detach().reshape(-1)).ToArray()).clone().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Model.Dispose();
        X.Dispose();
        Y.Dispose();
        _generator.Dispose();
    }

    public sealed class Network : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter _first, _firstBias, _second;
        private readonly BatchNorm1d? _norm;
        private readonly double _dropout;

        public Network(Generator generator, ScalarType dtype, double dropout, bool batchNorm, int hidden) : base(nameof(Network))
        {
            Parameter Normal(params long[] shape)
            {
                using var drawn = randn(shape, dtype: float64, generator: generator);
                return new(drawn.MultiplyBy(0.5).to(dtype));
            }
            _first = Normal(hidden, 6);
            _firstBias = Normal(hidden);
            _second = Normal(3, hidden);
            _dropout = dropout;
            if (batchNorm) _norm = nn.BatchNorm1d(hidden, dtype: dtype);
            RegisterComponents();
        }

        public BatchNorm1d Norm => _norm ?? throw new InvalidOperationException("The network has no batch normalization.");

        /// <summary>What dropout cut in the pass that ran last.</summary>
        public List<string> Masks { get; } = [];

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var hidden = nn.functional.linear(input, _first, _firstBias);
            if (_norm is not null) hidden = _norm.forward(hidden);
            if (_dropout > 0)
            {
                var mask = nn.functional.dropout(ones_like(hidden), _dropout, training: true);
                Masks.Add(string.Concat(mask.IsGreaterThan(0).to(uint8).data<byte>()));
                hidden = hidden * mask;
            }
            return nn.functional.linear(hidden.tanh(), _second).MoveToOuterDisposeScope();
        }
    }
}
