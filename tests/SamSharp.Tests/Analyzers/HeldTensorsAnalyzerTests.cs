using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using SamSharp.Analyzers;

namespace SamSharp.Tests.Analyzers;

/// <summary>What the build refuses. Each [| |] marks an expression that must be reported; nothing else may be.</summary>
public class HeldTensorsAnalyzerTests
{
    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))];

    [Theory]
    [InlineData("[|a.mul(b)|].sum().Dispose();")]
    [InlineData("using var y = [|a.mul(b)|].sum();")]
    [InlineData("using var y = [|a * b|] - a;")]
    [InlineData("using var y = -[|a.abs()|];")]
    [InlineData("var y = [|[|a[0]|].abs()|].item<double>();")]
    [InlineData("using var y = a.mul([|b.abs()|]);")]
    [InlineData("using var y = a.mul(target: [|b.abs()|]);")]
    [InlineData("using var y = stack([[|a.abs()|], b]);")]
    [InlineData("using var y = cat(new[] { a, b }.Select(x => [|x.abs()|]).ToArray());")]
    [InlineData("using var y = [|a.abs()|].mul_(b);")]
    [InlineData("using var y = [|a.abs()|].mul_(b).sum();")]
    [InlineData("[|a.grad|]!.zero_();")]
    [InlineData("var y = [|a.mul(b)|]; using var z = y.sum();")]
    [InlineData("Tensor y; y = a; y = [|y.relu()|]; using var z = y.sum();")]
    [InlineData("a = [|a.relu()|];")]
    [InlineData("Own([|a.abs()|]);")]
    [InlineData("var y = [|a.abs()|]; Own(y);")]
    [InlineData("using var y = a.mul([|0.5.ToScalar()|]);")]
    [InlineData("using var scope = NewDisposeScope(); var y = a.mul([|0.5.ToScalar()|]);")]
    [InlineData("var generator = [|new Generator(1)|]; using var y = randn(3, generator: generator);")]
    [InlineData("using var scope = list.Count == 0 ? NewDisposeScope() : null; using var y = [|a.abs()|].sum();")]
    [InlineData("{ using var scope = NewDisposeScope(); } using var y = [|a.abs()|].sum();")]
    [InlineData("Later(() => [|a.abs()|].item<double>());")]
    public void Reports_what_nothing_holds(string code) => Check(code, "", "SAM0001");

    [Theory]
    [InlineData("using var y = a.mul(b); using var z = y.sum();")]
    [InlineData("using (var y = a.mul(b)) y.sum().Dispose();")]
    [InlineData("using var scope = NewDisposeScope(); var y = a.mul(b).sum();")]
    [InlineData("using (NewDisposeScope()) a.mul(b).sum();")]
    [InlineData("using var scope = torch.NewDisposeScope(); if (true) { Later(() => a.abs().item<double>()); }")]
    [InlineData("var y = a.mul(b); y.sum().Dispose(); y.Dispose();")]
    [InlineData("var y = a.mul(b); y.sum().Dispose(); GC.KeepAlive(y);")]
    [InlineData("var y = a.mul(b); y.backward(); list.Add(y);")]
    [InlineData("a.mul_(b).add_(b, one);")]
    [InlineData("var y = list.First().sum(); list.Add(y);")]
    [InlineData("var y = a.abs().Times(0.5).Read<double>();")]
    [InlineData("var y = new Parameter(ones(3)); list.Add(y);")]
    [InlineData("Holds(a.abs()); Takes(a.abs());")]
    [InlineData("InScope(() => a.abs().sum());")]
    [InlineData("using var generator = new Generator(1); using var y = randn(3, generator: generator);")]
    public void Accepts_what_is_held(string code) => Check(code, "", "SAM0001");

    [Theory]
    [InlineData("class Net { [InDisposeScope] Tensor forward(Tensor x) => x.abs().sum(); }")]
    [InlineData("[InDisposeScope] class Net { Tensor forward(Tensor x) => x.abs().sum(); }")]
    [InlineData("[InDisposeScope] class Base { } class Net : Base { Tensor forward(Tensor x) => x.abs().sum(); }")]
    [InlineData("[InDisposeScope] interface IPart { } class Net : IPart { Tensor forward(Tensor x) => x.abs().sum(); }")]
    [InlineData("class B { [InDisposeScope] public virtual void F(Tensor x) { } } class N : B { public override void F(Tensor x) => x.abs().t(); }")]
    [InlineData("[InDisposeScope] class OpensAttribute : Attribute { } [Opens] class Tests { Tensor F(Tensor x) => x.abs().sum(); }")]
    public void Believes_the_mark(string code) => Check("", code, "SAM0001");

    [Theory]
    [InlineData("[|Parts.Sum(a)|].Dispose();")]
    [InlineData("using var scope = NewDisposeScope(); Parts.Sum(a);")]
    public void A_marked_member_is_called_in_a_scope(string code) =>
        Check(code, "class Parts { [InDisposeScope] public static Tensor Sum(Tensor x) => x.abs().sum(); }", "SAM0002");

    [Theory]
    [InlineData("using var scope = NewDisposeScope(); [|a += b|];")]
    [InlineData("using var scope = NewDisposeScope(); [|a *= 0.5|];")]
    [InlineData("using var scope = NewDisposeScope(); a = a.Plus(b); var n = 1; n += 2;")]
    public void Compound_assignments_are_refused(string code) => Check(code, "", "SAM0003");

    private static void Check(string code, string more, string id)
    {
        var marked = $$"""
            using System; using System.Collections.Generic; using System.Linq;
            using SamSharp; using TorchSharp; using TorchSharp.Modules; using static TorchSharp.torch;
            class InDisposeScopeAttribute : Attribute { }
            {{more}}
            class Code
            {
                static void Run(Tensor a, Tensor b, List<Tensor> list, Scalar one) { {{code}} }
                static void Own(Tensor x) => x.abs().Dispose();
                static void Holds(Tensor x) { using (x) x.abs().Dispose(); }
                static void Takes(Tensor x) { new List<Tensor>().Add(x); }
                static void Later(Func<double> f) => f();
                static void InScope([InDisposeScope] Func<Tensor> f) { using var scope = NewDisposeScope(); f(); }
            }
            """;
        var expected = new List<string>();
        var text = marked;
        for (Match match; (match = Regex.Match(text, @"\[\|((?:(?!\[\||\|\]).)*)\|\]")).Success;)
        {
            expected.Add(match.Groups[1].Value);
            text = text.Remove(match.Index, match.Length).Insert(match.Index, match.Groups[1].Value);
        }
        var compilation = CSharpCompilation.Create("Code", [CSharpSyntaxTree.ParseText(text)], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.DoesNotContain(compilation.GetDiagnostics(), diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        var reported = compilation.WithAnalyzers([new HeldTensorsAnalyzer()]).GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult()
            .Where(diagnostic => diagnostic.Id == id).Select(diagnostic => diagnostic.Location.SourceSpan)
            .Select(span => text.Substring(span.Start, span.Length)).Distinct();
        Assert.Equal(expected.Order(), reported.Order());
    }
}
