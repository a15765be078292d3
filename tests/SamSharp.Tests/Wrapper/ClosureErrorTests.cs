using System.Runtime.InteropServices;
using SamSharp.Analysis;
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

    public static TheoryData<string> Measured => new("head", "divergence", "DRM", "sharpness", "embeddings");

    /// <summary>A closure that is only measured, or whose loss has no graph, calls backward().</summary>
    [Theory]
    [MemberData(nameof(Measured))]
    [InlineData("step")]
    public void A_loss_without_a_graph_is_explained(string where)
    {
        using var problem = new Problem();
        using var before = problem.Weights();
        Tensor Detached()
        {
            var loss = problem.X.sum();
            loss.backward();
            return loss;
        }
        SharpnessAwareOptimizer Sam(SharpnessAwareOptions recipe) => optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
        Action call = where switch
        {
            "step" => () => Sam(Recipe.Sam()).Step(Detached),
            "head" => () => Sam(Recipe.Sam()).ImbalancedStep(Detached, null),
            "divergence" => () => Sam(Recipe.Tram(Detached)).Step(() => problem.Backward()),
            "DRM" => () => Sam(Recipe.Drm(Detached)).Step(() => problem.Backward()),
            "sharpness" => () => SharpnessReport.Measure(problem.Model, Detached),
            _ => () => Objectives.AdversarialEmbeddings(problem.X, _ => Detached()),
        };
        var error = Assert.Throws<InvalidOperationException>(call);
        Assert.Contains("backward() was called on a loss that no trainable parameter leads to", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void Backward_of_a_loss_without_a_graph_is_refused()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Backward(ones([])));
        Assert.Contains("does not depend on the model's trainable parameters", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Every other error passes through as it is.</summary>
    [Fact]
    public void Other_errors_are_not_touched()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0.1);
        Assert.Throws<ThrownByTest>(() => optimizer.Step(() => throw new ThrownByTest()));
        Assert.Throws<ExternalException>(() => optimizer.Step(() => problem.X.reshape(7)));
    }
}
