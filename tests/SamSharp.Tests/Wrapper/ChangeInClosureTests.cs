using SamSharp.Analysis;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>Whatever a closure makes of a weight while weights are perturbed, its own error is the one that is seen, and every weight is put
/// back.</summary>
[TensorScope]
public class ChangeInClosureTests
{
    private static readonly Dictionary<string, Action<Tensor>> Changes = new()
    {
        ["longer"] = weight => weight.set_(ones(9000)),
        ["a dimension more"] = weight => weight.unsqueeze_(0),
        ["empty"] = weight => weight.set_(ones(0)),
        ["expanded"] = weight => weight.set_(ones(1).expand(weight.shape)),
        ["another storage"] = weight => weight.set_(zeros(weight.shape)),
        ["disposed"] = weight => weight.Dispose(),
    };

    /// <summary>Each change, of weights that are copied and of weights that are exchanged, by two sets of kernels.</summary>
    public static TheoryData<string, int, UpdateKernels> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, UpdateKernels>();
            foreach (var change in Changes.Keys)
            {
                foreach (var size in new[] { 5, 5000 })
                {
                    cases.Add(change, size, UpdateKernels.Automatic);
                    cases.Add(change, size, UpdateKernels.Reference);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_first_error_is_seen_and_every_weight_is_back(string change, int size, UpdateKernels kernels)
    {
        foreach (var pass in new[] { 1, 2 })
        {
            using var none = no_grad();
            Parameter[] weights = [new(randn(size)), new(randn(size)), new(randn(size))];
            var before = Array.ConvertAll(weights, weight => weight.detach().clone());
            using var optimizer = new FusedSGD(weights, 0.1).WithSharpnessAwareness(new() { Rho = 0.5, Kernels = kernels });
            var calls = 0;
            Assert.Throws<ThrownByTest>(() => optimizer.Step(() =>
            {
                var loss = weights.Select(weight => weight.Squared().sum()).Aggregate((a, b) => a.Plus(b));
                loss.backward();
                if (++calls < pass) return loss;
                using var noGradient = no_grad();
                Changes[change](weights[1]);
                throw new ThrownByTest();
            }));
            Assert.Equal(pass, calls);
            Assert.False(optimizer.IsPerturbed);
            foreach (var (weight, old) in weights.Zip(before).Where(pair => !pair.First.IsInvalid))
            {
                if (pass == 2 || !ReferenceEquals(weight, weights[1])) Close.Bits(old, weight); // in the first pass nothing is kept yet
            }
        }
    }

    [Fact]
    public void Statistics_that_a_closure_replaces_or_disposes_hide_no_error()
    {
        foreach (var change in new Action<BatchNorm1d>[]
        {
            norm => norm.running_mean!.set_(zeros(7)), norm => norm.running_var!.Dispose(), norm => norm.running_mean = zeros(1),
        })
        {
            var norm = nn.BatchNorm1d(3);
            var before = norm.running_mean!.clone();
            var optimizer = optim.SGD(norm.parameters(), 0.1).WithSharpnessAwareness(new() { Module = norm });
            Assert.Throws<ThrownByTest>(() => optimizer.Step(() =>
            {
                norm.call(randn(4, 3)).sum().backward();
                using (no_grad()) change(norm);
                throw new ThrownByTest();
            }));
            Close.Bits(before, norm.running_mean!);
        }
    }

    [Fact]
    public void A_measured_model_is_put_back()
    {
        foreach (var change in Changes.Values)
        {
            var model = nn.Sequential(nn.Linear(50, 1), nn.Linear(1, 1, hasBias: false));
            var weights = model.parameters().ToArray();
            var before = Array.ConvertAll(weights, weight => weight.detach().clone());
            using var surface = new LossSurface(model, () =>
            {
                using (no_grad()) change(weights[0]);
                throw new ThrownByTest();
            });
            using var displacement = new WeightVector(weights.Select(weight => ones_like(weight)));
            Assert.Throws<ThrownByTest>(() => surface.Loss(displacement));
            foreach (var (weight, old) in weights.Zip(before).Where(pair => !pair.First.IsInvalid)) Close.Bits(old, weight);
        }
    }
}
