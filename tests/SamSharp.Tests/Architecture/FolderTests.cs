using Microsoft.CodeAnalysis;
using SamSharp.Steps;

namespace SamSharp.Tests.Architecture;

/// <summary>What may know what.</summary>
public class FolderTests
{
    private static readonly Lazy<TypeUse[]> Library = new(() => [.. SourceTree.Of("src/SamSharp").Uses()]);

    [Theory]
    [InlineData("src/SamSharp")]
    [InlineData("samples/T5")]
    [InlineData("samples/FineTuneT5")]
    public void Folders_do_not_depend_on_each_other_in_circles(string folder)
    {
        var uses = folder == "src/SamSharp" ? Library.Value : [.. SourceTree.Of(folder).Uses()];
        Assert.True(uses.Select(use => use.Folders).Distinct().Count() > 5, "no arrows found: the sources do not resolve");
        Assert.Empty(FolderCircles.In(uses));
    }

    /// <summary>One arrow turned round is found, with the types that make the circle.</summary>
    [Theory]
    [InlineData("Kernels/Back.cs", "namespace SamSharp.Kernels; class Back { void Use(SamSharp.Steps.ParameterSlot slot) { } }", "ParameterSlot")]
    [InlineData("Steps/Back.cs", "namespace SamSharp.Steps; class Back { object Use() => new SamSharp.AdaptiveGeometry(); }", "AdaptiveGeometry")]
    [InlineData("Parts/Back.cs", "namespace SamSharp; class Back { object Use() => Recipe.Gsam(); }", "Recipe")]
    [InlineData("Optimizers/Back.cs", "namespace SamSharp.Optimizers; class Back { bool Use(object o) => o is BSam; }", "BSam")]
    public void An_arrow_turned_round_is_found(string path, string text, string type)
    {
        var top = Path.Combine(SourceTree.Top, "src/SamSharp");
        var files = Directory.EnumerateFiles(top, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(top, file).Replace('\\', '/'))
            .Where(file => !file.StartsWith("obj/", StringComparison.Ordinal) && !file.StartsWith("bin/", StringComparison.Ordinal))
            .Select(file => (file, File.ReadAllText(Path.Combine(top, file))));
        var circles = FolderCircles.In(new SourceTree(files.Append((path, text))).Uses());
        Assert.Contains(circles, circle => circle.Contains($"{path} uses {type}", StringComparison.Ordinal));
    }

    /// <summary>A paper is a file: it names no type that the file of another paper declares.</summary>
    [Fact]
    public void Algorithms_do_not_know_each_other()
    {
        var siblings = Library.Value.Where(use => IsPaper(use.From) && IsPaper(use.To) && !Shared.Contains(use.Type));
        Assert.Empty(siblings.Select(use => $"{use.From} uses {use.Type} of {use.To}"));
    }

    /// <summary>Parts that several algorithms share name no other such part; a common base, interfaces and helpers they do.</summary>
    [Fact]
    public void Parts_do_not_know_each_other()
    {
        var siblings = Library.Value.Where(use => use.Folders == ("Parts", "Parts")
            && use.Symbol is { IsAbstract: false, TypeKind: TypeKind.Class } symbol
            && symbol.AllInterfaces.Any(type => type.Name == nameof(IStepPart)));
        Assert.Empty(siblings.Select(use => $"{use.From} uses {use.Type} of {use.To}"));
    }

    /// <summary>Partial classes to which each paper adds its own members.</summary>
    private static readonly HashSet<string> Shared = [nameof(Recipe), nameof(OptimizerExtensions), nameof(BatchPart), "PerturbedPasses"];

    private static bool IsPaper(string path) => path.StartsWith("Algorithms/", StringComparison.Ordinal) && path.Count(c => c == '/') == 1;
}
