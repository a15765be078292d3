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
        ["weights of examples"] = (p, closure) => Sam(p).Step(_ => p.Model.forward(p.X).Squared().sum(1), new WeightedAscent(_ => closure())),
        ["task"] = (p, closure) => Sam(p).TaskStep([() => Loss(p), closure]),
        ["part of a batch"] = (p, closure) => Sam(p).Step([new BatchPart(() => Loss(p)), new BatchPart(closure)]),
        ["second ascent"] = (p, closure) => Sam(p).Step(() => Loss(p), [new AscentStage(() => Loss(p)), new AscentStage(closure)]),
        ["Lookbehind"] = (p, closure) => new Lookbehind(Sam(p), 2).Step(closure),
        ["bSAM"] = (p, closure) => new BSam(p.Parameters, 64).Step(closure),
        ["SASSHA"] = (p, closure) => new Sassha(p.Parameters).Step(closure),
        ["Fisher mask"] = (p, closure) => SampleFisherMask.Refresh(Sam(p, Recipe.SparseSam()), [closure]),
        ["first mask"] = (p, closure) => Sam(p, Recipe.Sam() with
        {
            Geometry = new MaskedGeometry(new EuclideanGeometry(), new DynamicMask(2, 2, Initial: _ => closure())),
        }).Step(() => Loss(p)),
        ["Fisher gate"] = (p, closure) => Sam(p, Recipe.Roast(2)).MeasureFisherGate([() => Loss(p), closure]),
        ["psi"] = (p, closure) => Sam(p, Recipe.UniversalSam("u", _ => closure(), d => d.exp(), d => d.exp())).Step(() => Loss(p)),
        ["slope of psi"] = (p, closure) => Sam(p, Recipe.UniversalSam("u", d => d.exp(), _ => closure(), d => d.exp())).Step(() => Loss(p)),
        ["slope of phi"] = (p, closure) => Sam(p, Recipe.UniversalSam("u", d => d.exp(), d => d.exp(), _ => closure())).Step(() => Loss(p)),
        ["deviation"] = (p, closure) => Sam(p, Recipe.VariationalSam([(p.Parameters.First(), new Parameter(ones_like(p.Parameters.First())))],
            deviation: _ => closure())).Step(() => Loss(p)),
        ["kernel"] = (_, closure) => Objectives.MaximumMeanDiscrepancy(ones(2, 3), ones(2, 3), (_, _) => closure()),
        ["eigenvector's loss"] = (p, closure) => Sam(p, Recipe.EigenSam(p.Model, closure, interval: 1)).Step(() => Loss(p)),
        ["adversarial embeddings"] = (_, closure) => Objectives.AdversarialEmbeddings(ones(2, 3), _ => closure()),
    };

    public static TheoryData<string> Names => new(Calls.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Null_is_refused(string name) => Refused(name, () => null!, "returned null");

    [Theory]
    [MemberData(nameof(Names))]
    public void What_has_been_disposed_is_refused(string name) => Refused(name, () =>
    {
        var loss = ones(2);
        loss.Dispose();
        return loss;
    }, "disposed");

    public static TheoryData<string> Fitting =>
        new("first mask", "psi", "slope of psi", "slope of phi", "deviation", "kernel", "weights of examples");

    [Theory]
    [MemberData(nameof(Fitting))]
    public void What_has_another_shape_is_refused(string name) => Refused(name, () => ones(5, 5, 5), "[5, 5, 5]");

    [Fact]
    public void Numbers_of_another_kind_are_refused_before_libtorch_sees_them()
    {
        using var problem = new Problem();
        using var optimizer = Sam(problem);
        Tensor sparse = ones(3).to_sparse(), whole = ones([2, 3], int64), logits = ones(2, 3);
        foreach (var (call, words) in new (Action, string)[]
        {
            (() => new LargestLoss(1).ForAscent(sparse), "losses is sparse"),
            (() => new LargestRise().ForDescent(sparse, sparse), "losses is sparse"),
            (() => new WeightedAscent(losses => losses).ForAscent(whole), "Int64"),
            (() => optimizer.FocalStep(() => ones(3), sparse), "weights is sparse"),
            (() => Objectives.ForwardKl(whole, logits), "current has dtype Int64"),
            (() => Objectives.ReverseKl(logits, whole), "target has dtype Int64"),
            (() => Objectives.SymmetricKl(ones([2, 3], device: META), logits), "meta device"),
            (() => Objectives.SquaredDistance(ones([2, 3], complex64), logits), "ComplexFloat32"),
            (() => Objectives.MaximumMeanDiscrepancy(whole, logits), "Int64"),
            (() => Objectives.MisclassificationLog(whole, ones([2], int64)), "Int64"),
            (() => ones(2).FilledWhere(ones(2), 1), "bool is needed"),
            (() => ones(2).Clamp(), "neither a smallest nor a largest"),
            (() => ones(2).ReadDouble(), "one element is needed"),
            (() => ones([], device: META).Read<float>(), "meta device"),
        })
            Assert.Contains(words, Assert.ThrowsAny<ArgumentException>(call).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_the_wrong_number_of_examples_are_refused()
    {
        using var problem = new Problem();
        var error = Assert.Throws<ArgumentException>(() =>
            Sam(problem).Step(_ => problem.Model.forward(problem.X).Squared().sum(1), new TwoWeights()));
        Assert.Contains("The rule gives 2 weights for 64 losses", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logits_that_change_their_shape_within_a_step_are_refused()
    {
        using var problem = new Problem();
        using var before = problem.Weights();
        var rows = 8;
        var error = Assert.Throws<InvalidOperationException>(() =>
            Sam(problem).FunctionalStep(() => problem.Model.forward(problem.X.narrow(0, 0, rows--)), logits => logits.sum()));
        Assert.Contains("[7, 3]", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
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

    private sealed record TwoWeights : IExampleRule
    {
        public ExampleSubset ForAscent(Tensor? losses) => new(Weights: ones(2));
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
