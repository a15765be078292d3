using System.Runtime.InteropServices;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>libtorch's errors of the graph are explained where a closure meets them.</summary>
[TensorScope]
public class ClosureErrorTests
{
    [Fact]
    public void A_forward_pass_outside_the_closure_is_explained()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0.1);
        var outside = problem.Model.forward(problem.X);
        using var before = problem.Weights();
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
        {
            var loss = nn.functional.cross_entropy(outside, problem.Y);
            loss.backward();
            return loss;
        }));
        Assert.Contains("compute the whole forward pass in it", error.Message, StringComparison.Ordinal);
        Assert.Contains("a second time", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains("a second time", Assert.IsType<ExternalException>(error.InnerException).Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void An_operation_in_place_is_explained()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0.1);
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
        {
            var hidden = problem.Model.forward(problem.X).exp();
            var loss = hidden.Squared().sum();
            hidden.IncreaseBy(1);
            loss.backward();
            return loss;
        }));
        Assert.Contains("x + y", error.Message, StringComparison.Ordinal);
        Assert.Contains("inplace operation", Assert.IsType<ExternalException>(error.InnerException).Message, StringComparison.Ordinal);
    }

    /// <summary>Every other error passes through as it is.</summary>
    [Fact]
    public void Other_errors_are_not_touched()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0.1);
        Assert.Throws<ThrownByTest>(() => optimizer.Step(() => throw new ThrownByTest()));
        Assert.Throws<ExternalException>(() => optimizer.Step(() =>
        {
            problem.X.sum().backward();
            return problem.X;
        }));
    }
}
