using SamSharp.Analysis;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

/// <summary>A measurement leaves everything as it was, and refuses what cannot be measured.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class SurfaceTests
{
    /// <summary>The closure's calls by a one-step measure on two batches.</summary>
    private const int FewestCalls = 4;

    public static TheoryData<ISharpnessMeasure> Measures() => new(MeasureTests.All());

    [Theory]
    [MemberData(nameof(Measures))]
    public void Weights_gradients_modes_statistics_and_random_numbers_are_as_before(ISharpnessMeasure measure)
    {
        using var problem = new Problem(ScalarType.Float32, batchNorm: true, hidden: Problem.Large);
        problem.Backward().Dispose();
        problem.Model.train();
        problem.Model.Norm.eval();
        using var before = new ProblemState(problem);
        var modes = new List<bool>();
        using (var surface = new LossSurface(problem.Model, Losses(problem, () => modes.Add(problem.Model.training || problem.Model.Norm.training))))
        {
            var found = measure.Measure(surface);
            Assert.All(found, m => Assert.True(double.IsFinite(m.Value)));
            Assert.All(found, m => Assert.Equal(16, m.Rows));
        }
        Assert.NotEmpty(modes);
        Assert.DoesNotContain(true, modes);
        before.RequireSame();
        Assert.True(problem.Model.training);
        Assert.False(problem.Model.Norm.training);
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void So_they_are_when_the_loss_throws(ISharpnessMeasure measure)
    {
        using var problem = new Problem(batchNorm: true);
        problem.Backward().Dispose();
        using var before = new ProblemState(problem);
        for (var last = 1; last < 6; last++)
        {
            var calls = 0;
            var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            void Run()
            {
                using var surface = new LossSurface(problem.Model, Losses(problem, () => _ = ++calls == last ? throw new ThrownByTest() : 0));
                measure.Measure(surface);
            }
            if (last <= FewestCalls)
                Assert.Throws<ThrownByTest>(Run);
            else
                Record.Exception(Run);
            before.RequireSame();
            Assert.True(problem.Model.training);
            Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount, 0, alive);
        }
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void No_tensor_is_left_behind(ISharpnessMeasure measure)
    {
        using var problem = new Problem(batchNorm: true);
        void Run()
        {
            using var surface = new LossSurface(problem.Model, Losses(problem, () => { }));
            measure.Measure(surface);
        }
        Run();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using (NewDisposeScope()) Run();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void The_loss_and_its_gradient_are_weighted_means_over_the_batches()
    {
        using var problem = new Problem();
        Tensor Part(long from, long rows) => problem.Loss(problem.X.narrow(0, from, rows), problem.Y.narrow(0, from, rows));
        using var whole = new LossSurface(problem.Model, () => Part(0, 64), rows: 64);
        using var parts = new LossSurface(problem.Model, [new(() => Part(0, 10), 10), new(() => Part(10, 54), 54)]);
        Assert.Equal(whole.LossAtOrigin, parts.LossAtOrigin, 12);
        using var random = new RandomVectors(2);
        using var displacement = random.Normal(whole);
        var (loss, gradient) = whole.Gradient(displacement);
        var (other, sum) = parts.Gradient(displacement);
        Assert.Equal(loss, other, 12);
        Assert.Equal(loss, whole.Loss(displacement), 12);
        Assert.InRange(sum.Add(gradient, -1).Norm(), 0, 1e-12);
        using var product = whole.HessianProduct(displacement);
        using var summed = parts.HessianProduct(displacement);
        Assert.InRange(summed.Add(product, -1).Norm(), 0, 1e-10);
    }

    [Fact]
    public void Half_precision_weights_are_displaced_and_come_back()
    {
        using var model = nn.Linear(40, 40);
        model.to(bfloat16);
        using var x = ones([4, 40], dtype: bfloat16);
        using var surface = new LossSurface(model, () => model.forward(x).to(float32).Squared().mean());
        using var before = surface.Weights();
        Assert.True(new OneStepSharpness(new Ball(0.5)).Measure(surface)[0].Value > 0);
        using var after = new WeightVector(model.parameters());
        Assert.Equal(0, after.Add(before, -1).Norm());
    }

    [Fact]
    public void Frozen_and_excluded_parameters_do_not_count()
    {
        using var model = nn.Sequential(("a", nn.Linear(3, 2)), ("b", nn.Linear(2, 1)));
        ((TorchSharp.Modules.Linear)model[0]).weight!.requires_grad = false;
        using var surface = new LossSurface(model, () => model.forward(ones(4, 3)).mean(), include: name => name != "b.bias");
        Assert.Equal(["a.bias", "b.weight"], surface.Names);
        Assert.Equal(4, surface.Dimension);
    }

    [Fact]
    public void What_cannot_be_measured_is_named()
    {
        using var model = nn.Linear(2, 2);
        using var x = ones(3, 2);
        void Throws<T>(string part, Func<Tensor> loss) where T : Exception
        {
            using var surface = new LossSurface(model, loss);
            var error = Assert.Throws<T>(() => new OneStepSharpness(new Ball(0.1)).Measure(surface));
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }
        Throws<InvalidOperationException>("shape [3, 2]", () => model.forward(x));
        Throws<InvalidOperationException>("detached", () => model.forward(x).mean().detach());
        Throws<InvalidOperationException>("must not call backward()", () =>
        {
            var loss = model.forward(x).Squared().mean();
            loss.backward();
            return loss;
        });
        Throws<InvalidOperationException>("loss at the model's weights is NaN", () => model.forward(x).mean().Times(double.NaN));

        using (var surface = new LossSurface(model, () => model.forward(x).mean()))
        using (var few = new WeightVector([ones(2, 2)]))
        using (var other = new WeightVector([ones(2, 2), ones(1)]))
        {
            Assert.Contains("1 tensors, but 2", Assert.Throws<ArgumentException>(() => surface.Loss(few)).Message, StringComparison.Ordinal);
            Assert.Contains("bias has [2]", Assert.Throws<ArgumentException>(() => surface.HessianProduct(other)).Message, StringComparison.Ordinal);
        }
        Assert.Throws<ArgumentException>(() => new LossSurface(model, Array.Empty<LossBatch>()));
        Assert.Throws<ArgumentException>(() => new LossSurface(nn.ReLU(), () => zeros(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LossSurface(model, () => zeros(1), rows: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Ball(-1));
        var (a, b) = (nn.Embedding(2, 2), nn.Linear(2, 2, hasBias: false));
        b.weight = a.weight!;
        using var tied = nn.Sequential(("a", a), ("b", b));
        var error = Assert.Throws<ArgumentException>(() => new LossSurface(tied, () => zeros(1)));
        Assert.Contains("a.weight and b.weight are the same weights", error.Message, StringComparison.Ordinal);
    }

    private static LossBatch[] Losses(Problem problem, Action seen)
    {
        LossBatch Batch(int step) => new(
            () =>
            {
                seen();
                using var scope = NewDisposeScope();
                return problem.Loss(Problem.Batch(problem.X, step), Problem.Batch(problem.Y, step)).MoveToOuterDisposeScope();
            },
            8);
        return [Batch(0), Batch(1)];
    }
}
