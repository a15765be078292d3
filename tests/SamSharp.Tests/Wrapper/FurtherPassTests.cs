using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>Combiners that look at further points.</summary>
[TensorScope]
public class FurtherPassTests
{
    [Fact]
    public void The_loss_is_evaluated_at_multiples_of_the_perturbation_and_all_is_put_back()
    {
        var quadratic = new Quadratic();
        var looks = new Looks(descent =>
        {
            using var opposite = descent.At(-1);
            using var twice = descent.At(2);
            Assert.Equal(1 - (0.1 * 1.802775638) + (0.5 * 0.01 * 1.692307692), opposite.Loss.item<double>(), 6);
            var bucket = descent.Buckets[0];
            Close.To([1.5 - 0.110940039, -1 + 0.138675049], opposite.Of(bucket)[0].data<double>().ToArray(), 1e-6);
            Close.To([1.5 + 2 * 0.110940039, -1 - 2 * 0.138675049], twice.Of(bucket)[0].data<double>().ToArray(), 1e-6);
        });
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = looks });
        optimizer.Step(quadratic.Backward).Dispose();

        Assert.Equal(4, quadratic.Points.Count);
        Close.To([1 - 0.083205029, -0.5 + 0.055470020], quadratic.Points[2]);
        Close.To([1.610940039, -1.138675049], quadratic.FinalGradient, 1e-6);
        Close.To([0.838905996, -0.386132495], quadratic.Weights);
    }

    /// <summary>Tensors are told apart by identity: a NaN is not equal to itself.</summary>
    [Fact]
    public void What_a_combiner_makes_before_a_further_pass_is_freed_even_if_it_is_not_a_number()
    {
        var quadratic = new Quadratic();
        Tensor? made = null;
        var looks = new Looks(descent =>
        {
            made = ScalarArithmetic.Full([3], double.NaN);
            descent.At(-1).Dispose();
        });
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = looks });
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.True(made!.IsInvalid);
    }

    [Fact]
    public void A_point_of_ones_own_is_visited_with_another_closure()
    {
        var quadratic = new Quadratic();
        var looks = new Looks(descent =>
        {
            using var doubled = descent.AtPoint(ascent =>
            {
                foreach (var bucket in ascent.Buckets) ascent.PerturbBy(bucket, bucket.Weights, 1);
            }, () => quadratic.Backward(3));
            Close.To([3 * 3.0, 3 * -2.0], doubled.Of(descent.Buckets[0])[0].data<double>().ToArray(), 1e-12);
        });
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = looks });
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([2, -1], quadratic.Points[2]);
        Close.To([0.838905996, -0.386132495], quadratic.Weights);
    }

    [Fact]
    public void Weights_and_gradients_are_put_back_when_a_further_pass_fails()
    {
        using var problem = new Problem();
        var before = problem.Weights();
        var passes = 0;
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Combiner = new Looks(descent => descent.At(-1).Dispose()),
        });
        Assert.Throws<ThrownByTest>(() => optimizer.Step(() => ++passes == 3 ? throw new ThrownByTest() : problem.Backward()));
        Close.Bits(before, problem.Weights());
        optimizer.Step(() => problem.Backward()).Dispose();
    }

    [Fact]
    public void A_loop_written_by_hand_is_told_that_a_closure_is_needed()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Combiner = new Looks(_ => { }) });
        problem.Backward().Dispose();
        Assert.Contains("Step(closure)", Assert.Throws<InvalidOperationException>(optimizer.Ascend).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_direction_that_needs_no_gradient_has_further_passes_without_one_at_w()
    {
        var quadratic = new Quadratic();
        var looks = new Looks(descent =>
        {
            Assert.Empty(descent.Pairs);
            Assert.IsType<TorchSharp.Modules.SGD>(descent.BaseOptimizer);
            using var opposite = descent.At(-1);
            Close.To([1.4, -1.4], opposite.Of(descent.Buckets[0])[0].data<double>().ToArray(), 1e-12);
            using var other = descent.AtPoint(ascent => Assert.Single(ascent.Buckets), descent.AscentClosure);
            Assert.Equal(3, other.Loss.item<double>(), 12);
        });
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = looks, Direction = new Upwards() });
        optimizer.Step(quadratic.Backward, () => quadratic.Backward(3)).Dispose();
        Assert.Equal(3, quadratic.Points.Count);
        Close.To([1, -0.4], quadratic.Points[0]);
        Close.To([1, -0.6], quadratic.Points[1]);
        Close.To([1 - 0.16, -0.5 + 0.06], quadratic.Weights);
    }

    [Fact]
    public void What_a_closure_makes_belongs_to_the_caller()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Combiner = new Looks(descent => descent.At(-1).Dispose()) });
        var made = new List<Tensor>();
        using (var scope = NewDisposeScope())
        {
            optimizer.Step(() =>
            {
                made.Add(ones(1));
                return problem.Backward();
            });
            Assert.Equal(3, made.Count);
            Assert.All(made, tensor => Assert.False(tensor.IsInvalid));
        }
        Assert.All(made, tensor => Assert.True(tensor.IsInvalid));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Combiner = new Looks(descent => descent.At(-1).Dispose()),
        });
        optimizer.Step(() => problem.Backward()).Dispose();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 5; i++) optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private sealed class Looks(Action<Descent> look) : ICombiner
    {
        public bool NeedsFurtherPasses => true;

        public void Combine(Descent descent) => look(descent);
    }

    private sealed class Upwards : IDirection
    {
        public bool NeedsGradients(long number) => false;

        public void Aim(Ascent ascent)
        {
            foreach (var list in ascent.Buckets) list.Direction = list.Parameters.Select(_ => tensor(new[] { 0.0, 1.0 })).ToArray();
        }
    }
}
