using SamSharp.Analysis;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Analysis;

/// <summary>What a change of weights that leaves the function alone does to the measures.</summary>
[TensorScope]
public class InvarianceTests
{
    private const double Factor = 3;

    public static TheoryData<ISharpnessMeasure, bool> Measures() => new()
    {
        { new OneStepSharpness(new Ball(0.5, Adaptive: true)), true },
        { new OneStepSharpness(new Ball(0.1, BallNorm.LInfinity, Adaptive: true)), true },
        { new WorstCaseSharpness(new Ball(0.5, Adaptive: true)) { RandomStarts = 1 }, true },
        { new WorstCaseSharpness(new Ball(0.1, BallNorm.LInfinity, Adaptive: true)) { RandomStarts = 1 }, true },
        { new AverageSharpness(0.1, adaptive: true) { Pairs = 4 }, true },
        { new HessianTrace(adaptive: true) { Probes = 4 }, true },
        { new HessianExtremes(adaptive: true), true },
        { new OneStepSharpness(new Ball(0.1)), false },
        { new WorstCaseSharpness(new Ball(0.1)), false },
        { new AverageSharpness(0.05) { Pairs = 4 }, false },
        { new HessianTrace { Probes = 4 }, false },
        { new HessianExtremes(), false },
    };

    [Theory]
    [MemberData(nameof(Measures))]
    public void Moving_a_factor_between_the_layers_of_a_relu_network_leaves_the_adaptive_measures_alone(ISharpnessMeasure measure, bool invariant)
    {
        using var plain = new Network(1);
        using var scaled = new Network(Factor);
        var (before, after) = (plain.Value(measure), scaled.Value(measure));
        if (invariant)
            Assert.Equal(before, after, 1e-9 * Math.Abs(before));
        else
            Assert.True(Math.Abs(before - after) > 0.05 * Math.Abs(before), $"{before} stays {after}");
    }

    [Fact]
    public void Where_the_loss_ignores_the_weights_length_the_gradient_is_across_them_and_radii_grow_with_them()
    {
        using var near = new Direction(1);
        using var far = new Direction(Factor);
        double Sharpness(Direction model, double rho, bool worst)
        {
            using var surface = new LossSurface(model, model.Loss);
            var (_, gradient) = surface.Gradient();
            using var weights = surface.Weights();
            Assert.Equal(0, gradient.Dot(weights), 12);
            gradient.Dispose();
            ISharpnessMeasure measure = worst ? new WorstCaseSharpness(new Ball(rho)) : new OneStepSharpness(new Ball(rho));
            return measure.Measure(surface)[0].Value;
        }
        foreach (var worst in new[] { false, true })
        {
            Close.To([Sharpness(near, 0.2, worst)], [Sharpness(far, Factor * 0.2, worst)]);
            Assert.NotEqual(Sharpness(near, 0.2, worst), Sharpness(far, 0.2, worst), 3);
        }
    }

    /// <summary>Two layers without biases: W1 is multiplied by the factor, W2 divided.</summary>
    private sealed class Network : nn.Module
    {
        private readonly Parameter _first, _second;
        private readonly Tensor _x, _y;

        public Network(double factor) : base(nameof(Network))
        {
            using var generator = new Generator(11);
            Tensor Normal(params long[] shape) => randn(shape, dtype: float64, generator: generator);
            _first = new(Normal(8, 5).Times(factor));
            _second = new(Normal(3, 8).Over(factor));
            _x = Normal(16, 5);
            _y = randint(0, 3, [16], dtype: int64, generator: generator);
            RegisterComponents();
        }

        public double Value(ISharpnessMeasure measure)
        {
            using var surface = new LossSurface(this, () => nn.functional.cross_entropy(_x.matmul(_first.t()).relu().matmul(_second.t()), _y));
            return measure.Measure(surface)[0].Value;
        }
    }

    /// <summary>A classifier that knows only the direction of its weights.</summary>
    private sealed class Direction : nn.Module
    {
        private readonly Parameter _w;
        private readonly Tensor _x = tensor(new[] { 1.0, 2, -1, 0.5, -2, 1 }, [2, 3]);

        public Direction(double factor) : base(nameof(Direction))
        {
            _w = new(tensor(new[] { 0.6, -0.3, 0.2 }).Times(factor));
            RegisterComponents();
        }

        public Tensor Loss() => nn.functional.logsigmoid(_x.mv(_w / _w.norm()).neg()).neg().mean();
    }
}
