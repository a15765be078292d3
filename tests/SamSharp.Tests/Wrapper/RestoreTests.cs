using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>Whatever happens between ascent and descent, the weights come back bit for bit.</summary>
[TensorScope]
public class RestoreTests
{
    [Theory]
    [InlineData(ScalarType.Float64, 10)]
    [InlineData(ScalarType.Float32, 10)]
    [InlineData(ScalarType.BFloat16, 10)]
    [InlineData(ScalarType.Float64, Problem.Large)]
    [InlineData(ScalarType.Float32, Problem.Large)]
    [InlineData(ScalarType.BFloat16, Problem.Large)]
    public void Weights_are_away_during_the_second_pass_and_back_when_the_base_steps(ScalarType dtype, int hidden)
    {
        using var problem = new Problem(dtype, hidden: hidden);
        var before = problem.Weights();
        Tensor? away = null;
        // A learning rate of 0 leaves what the restore put back.
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), rho: 0.5);

        optimizer.Step(() =>
        {
            away = problem.Weights();
            return problem.Backward();
        }).Dispose();

        Assert.NotEqual(0, (away! - before).abs().max().to(float64).item<double>());
        Close.Bits(before, problem.Weights());
    }

    /// <summary>Large weights would be exchanged; nothing has been yet when a geometry fails, in the first step or in a later one.</summary>
    [Fact]
    public void A_geometry_that_fails_leaves_the_weights_as_they_were()
    {
        using Problem problem = new(hidden: Problem.Large), same = new(hidden: Problem.Large);
        var geometry = new FailingGeometry { Fails = true };
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Geometry = geometry });
        using var other = optim.SGD(same.Parameters, 0.1).WithSharpnessAwareness();
        for (var t = 0; t < 3; t++)
        {
            var before = problem.Weights();
            geometry.Fails = true;
            Assert.Throws<ThrownByTest>(() => optimizer.Step(() => problem.Backward(t)));
            Assert.False(optimizer.IsPerturbed);
            Close.Bits(before, problem.Weights());
            geometry.Fails = false;
            optimizer.Step(() => problem.Backward(t)).Dispose();
            other.Step(() => same.Backward(t)).Dispose();
            Close.Bits(same.Weights(), problem.Weights());
        }
    }

    [Fact]
    public void Weights_with_a_storage_of_their_own_and_slices_of_a_buffer_are_perturbed_alike()
    {
        using var own = new Problem(hidden: Problem.Large);
        using var sliced = new Problem(hidden: Problem.Large);
        var buffer = zeros(10_000, dtype: float64);
        long offset = 0;
        using (no_grad())
        {
            foreach (var p in sliced.Parameters)
            {
                var place = buffer.narrow(0, offset, p.NumberOfElements).view(p.shape);
                place.copy_(p);
                p.set_(place);
                offset += p.NumberOfElements;
            }
        }
        using var first = optim.AdamW(own.Parameters, 0.01).WithSharpnessAwareness(rho: 0.3);
        using var second = optim.AdamW(sliced.Parameters, 0.01).WithSharpnessAwareness(rho: 0.3);
        for (var t = 0; t < 4; t++)
        {
            first.Step(() => own.Backward(t)).Dispose();
            second.Step(() =>
            {
                // A view of the buffer sees the weights wherever they are.
                Close.Bits(sliced.Parameters.First().reshape(-1), buffer.narrow(0, 0, 6 * Problem.Large));
                return sliced.Backward(t);
            }).Dispose();
        }
        Close.Bits(own.Weights(), sliced.Weights());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(Problem.Large)]
    public void Several_ascents_are_undone_at_once(int hidden)
    {
        using var problem = new Problem(hidden: hidden);
        using var optimizer = optim.SGD(problem.Parameters, 0).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, AscentSteps = 3 });
        var start = problem.Weights();
        var distances = new List<double>();
        optimizer.Step(() =>
        {
            distances.Add((problem.Weights() - start).norm().item<double>());
            return problem.Backward();
        }).Dispose();

        Assert.Equal(0, distances[0]);
        Assert.Equal(0.1, distances[1], 10);
        Assert.InRange(distances[2], 0.15, 0.2);
        Assert.InRange(distances[3], distances[2], 0.3);
        Close.Bits(start, problem.Weights());
    }

    [Fact]
    public void Tensors_of_the_module_that_share_a_weight_follow_it()
    {
        using var layer = nn.Linear(70, 70, hasBias: false, dtype: float64);
        var alias = layer.weight!.detach();
        layer.register_buffer("alias", alias);
        using var optimizer = optim.SGD(layer.parameters(), 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Module = layer });
        optimizer.Step(() =>
        {
            Close.Bits(layer.weight!, alias);
            var loss = layer.forward(ones(1, 70, dtype: float64)).Squared().sum();
            loss.backward();
            return loss;
        }).Dispose();
        Close.Bits(layer.weight!, alias);
    }

    [Fact]
    public void The_distance_climbed_is_the_radius()
    {
        using var problem = new Problem();
        var before = problem.Weights();
        Tensor? away = null;
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.37);
        optimizer.Step(() =>
        {
            away = problem.Weights();
            return problem.Backward();
        }).Dispose();
        Assert.Equal(0.37, (away! - before).norm().item<double>(), 10);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(Problem.Large)]
    public void An_exception_in_the_second_closure_restores_and_moves_nothing(int hidden)
    {
        using var problem = new Problem(hidden: hidden);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1, momentum: 0.9), rho: 0.5);
        var before = problem.Weights();
        var calls = 0;

        var error = Assert.Throws<InvalidTimeZoneException>(() => optimizer.Step(() =>
            ++calls == 2 ? throw new InvalidTimeZoneException("mine") : problem.Backward()));

        Assert.Equal("mine", error.Message);
        Assert.False(optimizer.IsPerturbed);
        Close.Bits(before, problem.Weights());
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(1, optimizer.LastStep.Step);
    }

    [Fact]
    public void A_second_closure_without_gradients_restores_and_says_so()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.5);
        var before = problem.Weights();
        var calls = 0;

        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
            ++calls == 2 ? problem.Loss(problem.X, problem.Y) : problem.Backward()));

        Assert.Contains("second pass left no gradient", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void A_closure_that_never_calls_backward_is_told_so_before_any_weight_moves()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1));
        var before = problem.Weights();

        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Loss(problem.X, problem.Y)));

        Assert.Contains("backward()", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(Problem.Large)]
    public void The_two_phases_equal_a_step_with_a_closure(int hidden)
    {
        using var whole = new Problem(hidden: hidden);
        using var phases = new Problem(hidden: hidden);
        using var first = new SharpnessAwareOptimizer(optim.AdamW(whole.Parameters, 0.01), rho: 0.2);
        using var second = new SharpnessAwareOptimizer(optim.AdamW(phases.Parameters, 0.01), rho: 0.2);
        for (var t = 0; t < 5; t++)
        {
            first.Step(() => whole.Backward(t)).Dispose();

            second.zero_grad();
            phases.Backward(t).Dispose();
            second.Ascend();
            Assert.True(second.IsPerturbed);
            phases.Backward(t).Dispose();
            second.Descend();
            Assert.False(second.IsPerturbed);
        }
        Close.Bits(whole.Weights(), phases.Weights());
    }

    [Fact]
    public void Gradients_accumulate_over_several_backward_passes_in_each_phase()
    {
        using var whole = new Problem();
        using var parts = new Problem();
        using var first = new SharpnessAwareOptimizer(optim.SGD(whole.Parameters, 0.1), rho: 0.2);
        using var second = new SharpnessAwareOptimizer(optim.SGD(parts.Parameters, 0.1), rho: 0.2);

        first.Step(() => whole.Backward(whole.X.narrow(0, 0, 16), whole.Y.narrow(0, 0, 16))).Dispose();

        void Accumulate()
        {
            for (var half = 0; half < 2; half++)
                parts.Loss(Problem.Batch(parts.X, half), Problem.Batch(parts.Y, half)).Over(2).backward();
        }

        second.zero_grad();
        Accumulate();
        second.Ascend();
        Accumulate();
        second.Descend();
        Close.To(whole.Weights(), parts.Weights());
    }

    [Fact]
    public void Calls_out_of_order_say_what_to_call()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), rho: 0.2);
        var before = problem.Weights();
        Assert.Contains("call Ascend() first", Assert.Throws<InvalidOperationException>(optimizer.Descend).Message, StringComparison.Ordinal);
        Assert.Contains("backward()", Assert.Throws<InvalidOperationException>(optimizer.Ascend).Message, StringComparison.Ordinal);

        problem.Backward().Dispose();
        optimizer.Ascend();
        var away = problem.Weights();
        foreach (var call in new Action[]
        {
            optimizer.Ascend,
            () => optimizer.Step(() => problem.Backward()),
            () => optimizer.state_dict(),
            () => optimizer.save_state_dict(new BinaryWriter(Stream.Null)),
            () => optimizer.to(CPU),
        })
        {
            Assert.Contains("Descend()", Assert.Throws<InvalidOperationException>(call).Message, StringComparison.Ordinal);
            Close.Bits(away, problem.Weights());
        }

        problem.Backward().Dispose();
        optimizer.Descend();
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void A_descent_without_gradients_ends_the_ascent_and_the_next_step_can_begin()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.2);
        var before = problem.Weights();
        problem.Backward().Dispose();
        optimizer.Ascend();

        Assert.Contains("second pass", Assert.Throws<InvalidOperationException>(optimizer.Descend).Message, StringComparison.Ordinal);

        Close.Bits(before, problem.Weights());
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(1, optimizer.LastStep.Step);
    }

    [Fact]
    public void Restore_gives_an_ascent_up()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.2);
        var before = problem.Weights();
        problem.Backward().Dispose();
        optimizer.Ascend();
        optimizer.Restore();
        Close.Bits(before, problem.Weights());
        Assert.Throws<InvalidOperationException>(optimizer.Descend);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(Problem.Large)]
    public void Disposing_while_perturbed_restores(int hidden)
    {
        using var problem = new Problem(hidden: hidden);
        var before = problem.Weights();
        using (var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.2))
        {
            problem.Backward().Dispose();
            optimizer.Ascend();
            Assert.True(optimizer.IsPerturbed);
        }
        Close.Bits(before, problem.Weights());
    }

    private sealed class FailingGeometry : IGeometry
    {
        private readonly EuclideanGeometry _geometry = new();

        public bool Fails { get; set; }

        public Tensor Norm(Ascent ascent) => _geometry.Norm(ascent);

        public void Perturb(Ascent ascent, Tensor norm)
        {
            if (Fails) throw new ThrownByTest();
            _geometry.Perturb(ascent, norm);
        }
    }
}
