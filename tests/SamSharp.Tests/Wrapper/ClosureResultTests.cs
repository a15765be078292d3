using SamSharp.Analysis;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>What a closure returns, or a caller passes, is refused in words before libtorch sees it, and the weights are as before.</summary>
[TensorScope]
public class ClosureResultTests
{
    private static readonly Dictionary<string, Action<Problem, Func<Tensor>>> Calls = new()
    {
        ["step"] = (p, closure) => Sam(p).Step(closure),
        ["imbalanced head"] = (p, closure) => Sam(p).ImbalancedStep(closure, null),
        ["imbalanced tail"] = (p, closure) => Sam(p).ImbalancedStep(null, closure),
        ["focal losses"] = (p, closure) => Sam(p).FocalStep(closure, ones(2)),
        ["logits"] = (p, closure) => Sam(p).FunctionalStep(closure, logits => logits.sum()),
        ["loss of logits"] = (p, closure) => Sam(p).FunctionalStep(() => p.Model.forward(p.X), _ => closure()),
        ["losses of examples"] = (p, closure) => Sam(p).Step(_ => closure(), new LargestLoss(2)),
        ["losses of ESAM"] = (p, closure) => new EfficientSam(Sam(p)).Step(_ => closure()),
        ["losses of DRM"] = (p, closure) => Sam(p, Recipe.Drm(closure)).Step(() => Loss(p)),
        ["divergence of TRAM"] = (p, closure) => Sam(p, Recipe.Tram(closure)).Step(() => Loss(p)),
        ["measured loss"] = (p, closure) => SharpnessReport.Measure(p.Model, closure),
        ["adversarial embeddings"] = (_, closure) => Objectives.AdversarialEmbeddings(ones(2, 3), _ => closure()),
    };

    public static TheoryData<string> Names => new(Calls.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Null_is_refused(string name) => Refused(name, () => null!, "returned null");

    [Theory]
    [MemberData(nameof(Names))]
    public void What_has_been_disposed_is_refused(string name)
    {
        if (name is "focal losses" or "logits") return; // TorchSharp says it
        Refused(name, () =>
        {
            var loss = ones(2);
            loss.Dispose();
            return loss;
        }, "disposed");
    }

    [Fact]
    public void Vectors_over_other_weights_are_refused()
    {
        using WeightVector one = new([ones(2), ones(3)]), shorter = new([ones(2)]), turned = new([ones(3), ones(2)]);
        foreach (var call in new Action<WeightVector>[]
        {
            other => one.Dot(other), other => one.Cosine(other), other => one.Add(other), other => one.Multiply(other),
        })
        {
            Assert.Contains("2 and 1 tensors", Assert.Throws<ArgumentException>(() => call(shorter)).Message, StringComparison.Ordinal);
            Assert.Contains("Tensor 0 has shape [2]", Assert.Throws<ArgumentException>(() => call(turned)).Message, StringComparison.Ordinal);
        }
        Assert.Contains("is null", Assert.Throws<ArgumentException>(() => _ = new WeightVector([ones(2), null!])).Message, StringComparison.Ordinal);
        Assert.Equal(5, one.Norm() * one.Norm(), 1e-6); // nothing has moved
    }

    [Fact]
    public void Lists_with_null_in_them_are_refused()
    {
        Contains("Param group 1", () => optim.FusedAdamW([new AdamW.ParamGroup { Parameters = [new(ones(2))] }, null!]));
        Contains("Param group 0", () => _ = new SamSharp.Optimizers.FusedSGD([(SamSharp.Optimizers.FusedSGD.ParamGroup)null!], 0.1));
        Contains("null", () => BatchSlice.Take(0.5, ones(4), null!));
        Contains("no bandwidth", () => Objectives.MaximumMeanDiscrepancy(ones(2, 2), ones(2, 2), bandwidths: []));
        Contains("whole numbers", () => Objectives.AdversarialLoss(ones(2, 2), ones(2, 2), ones(2)));
    }

    private static void Contains(string words, Action call) =>
        Assert.Contains(words, Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal);

    private static void Refused(string name, Func<Tensor> closure, string words)
    {
        using var problem = new Problem();
        using var before = problem.Weights();
        var error = Assert.ThrowsAny<Exception>(() => Calls[name](problem, closure));
        Assert.True(error is InvalidOperationException or ArgumentException, error.ToString());
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    private static Tensor Loss(Problem problem)
    {
        var loss = problem.Model.forward(problem.X).Squared().sum();
        loss.backward();
        return loss;
    }

    private static SharpnessAwareOptimizer Sam(Problem problem, SharpnessAwareOptions? recipe = null) =>
        optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness((recipe ?? Recipe.Sam()) with { Module = problem.Model });
}
