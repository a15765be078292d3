using SamSharp.Analysis;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.MixedPrecision;

/// <summary>
/// libtorch keeps the 16-bit copy of a weight until the outermost scope of autocast ends. A scope around whole steps must give the same bits as
/// scopes inside the closures, which end before any weight moves.
/// </summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class StaleCopyTests
{
    /// <summary>What is done with the network, and what comes out: numbers that depend on the weights of every pass.</summary>
    private static readonly Dictionary<string, Func<Network, Tensor>> Ways = new()
    {
        ["Step"] = Steps(Recipe.Sam(0.5)),
        ["GSAM"] = Steps(Recipe.Gsam(0.5)),
        ["n ascents"] = Steps(Recipe.MultiStepSam(2, 0.5)),
        ["further passes"] = Steps(Recipe.CrSam(0.5)),
        ["random points"] = Steps(Recipe.TraceSam()),
        ["m-SAM"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
            optimizer.Step([new BatchPart(() => network.Backward(t)), new BatchPart(() => network.Backward(t + 1))])),
        ["Gradient and Apply"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
        {
            var loss = optimizer.Gradient(() => network.Backward(t));
            optimizer.Apply();
            return loss;
        }),
        ["Ascend and Descend"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
        {
            var loss = network.Backward(t);
            optimizer.Ascend();
            network.Backward(t).Dispose();
            optimizer.Descend();
            return loss;
        }),
        ["Ascend and Restore"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
        {
            network.Backward(t).Dispose();
            optimizer.Ascend();
            network.Backward(t).Dispose();
            optimizer.Restore();
            optimizer.zero_grad();
            var loss = network.Backward(t);
            optimizer.Apply();
            return loss;
        }),
        ["ESAM"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) => new EfficientSam(optimizer).Step(rows => network.Losses(t, rows))),
        ["K-SAM"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
            optimizer.Step(rows => network.Losses(t, rows), new LargestLoss(3))),
        ["Lookbehind"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
        {
            using var lookbehind = new Lookbehind(optimizer, steps: 2);
            return lookbehind.Step(() => network.Backward(t)).Plus(network.Loss(t).detach());
        }),
        ["a pass after the step"] = network => After(network, Recipe.Sam(0.5), (optimizer, t) =>
            optimizer.Step(() => network.Backward(t)).Plus(network.Loss(t).detach())),
        ["WeightAverage"] = network =>
        {
            using var average = WeightAverage.Uniform(network);
            using (no_grad())
            {
                foreach (var weight in network.parameters()) weight.MultiplyBy(1.5);
            }
            var before = network.Loss(0);
            Tensor within;
            using (average.SwapIn()) within = network.Loss(0);
            return stack([before, within, network.Loss(0)]).detach();
        },
        ["sharpness"] = network =>
        {
            using var surface = new LossSurface(network, () => network.Loss(0));
            var (at, up) = (surface.Gradient().Gradient, surface.Loss(surface.Weights().Scale(0.1)));
            return tensor(new[] { surface.LossAtOrigin, up, surface.Loss(at.Scale(5)), surface.Loss(null), surface.Gradient(at).Gradient.Norm() });
        },
        ["bSAM"] = network =>
        {
            using var optimizer = new BSam(network.parameters(), dataSize: 16, lr: 0.1, rho: 0.5);
            return stack([.. Enumerable.Range(0, 3).Select(t => optimizer.Step(() => network.Backward(t)).detach())]);
        },
    };

    public static TheoryData<string> Names() => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_scope_around_steps_gives_the_bits_of_scopes_inside_closures(string name)
    {
        using Network inside = new(opens: true), around = new(opens: false);
        var expected = Ways[name](inside);
        Tensor actual;
        using (Autocast.BFloat16(CPU)) actual = Ways[name](around);
        Assert.Equal(bfloat16, around.Type);
        Assert.True(expected.isfinite().all().item<bool>(), "the scenario says nothing");
        Close.Bits(expected, actual);
        foreach (var (one, other) in inside.parameters().Zip(around.parameters())) Close.Bits(one, other);
    }

    private static Func<Network, Tensor> Steps(SharpnessAwareOptions recipe) =>
        network => After(network, recipe, (optimizer, t) => optimizer.Step(() => network.Backward(t)));

    /// <summary>The losses of three steps.</summary>
    private static Tensor After(Network network, SharpnessAwareOptions recipe, Func<SharpnessAwareOptimizer, int, Tensor> step)
    {
        using var optimizer = new FusedSGD(network.parameters(), 0.1, momentum: 0.9).WithSharpnessAwareness(recipe);
        return stack([.. Enumerable.Range(0, 3).Select(t => step(optimizer, t).detach())]);
    }

    /// <summary>A convolution and a product whose weights are leaves, one large enough to be exchanged and one copied. (Of nn.Linear
    /// libtorch casts no leaf, so it keeps no copy.)</summary>
    private sealed class Network : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter _filters, _weight;
        private readonly Tensor _x, _y;
        private readonly bool _opens;

        public Network(bool opens) : base(nameof(Network))
        {
            _opens = opens;
            using var generator = new Generator(3);
            _filters = new Parameter(randn(16, 4, 3, generator: generator).MultiplyBy(0.3));
            _weight = new Parameter(randn(16 * 18, 20, generator: generator).MultiplyBy(0.1));
            _x = randn([8, 4, 20], generator: generator).DetachFromDisposeScope();
            _y = randint(0, 20, [8], generator: generator).DetachFromDisposeScope();
            RegisterComponents();
        }

        public ScalarType Type { get; private set; }

        public override Tensor forward(Tensor input)
        {
            var y = nn.functional.conv1d(input, _filters).tanh().flatten(1).matmul(_weight);
            Type = y.dtype;
            return y;
        }

        public Tensor Losses(int t, Tensor? rows)
        {
            using var scope = NewDisposeScope();
            using var cast = _opens ? Autocast.BFloat16(CPU) : null;
            var (x, y) = (_x.roll(t, 0).Times(1 + (t * 0.1)), _y.roll(t, 0));
            if (rows is not null) (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
            return nn.functional.cross_entropy(call(x), y, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
        }

        public Tensor Loss(int t)
        {
            using var scope = NewDisposeScope();
            return Losses(t, null).mean().MoveToOuterDisposeScope();
        }

        public Tensor Backward(int t)
        {
            var loss = Loss(t);
            loss.backward();
            return loss;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _x.Dispose();
                _y.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
