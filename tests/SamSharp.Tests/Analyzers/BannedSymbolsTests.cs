using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace SamSharp.Tests.Analyzers;

/// <summary>The list of TorchSharp's members that the build refuses, against the TorchSharp that is used.</summary>
public class BannedSymbolsTests
{
    private static readonly string[] Banned =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "BannedSymbols.txt"))
            .Where(line => !line.StartsWith("//", StringComparison.Ordinal)).Select(line => line.Split(';')[0])];

    private static readonly CSharpCompilation Compilation = CSharpCompilation.Create(
        "Code",
        references: ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path)));

    [Fact]
    public void Every_line_names_a_member() =>
        Assert.All(Banned, id => Assert.True(DocumentationCommentId.GetFirstSymbolForDeclarationId(id, Compilation) is IMethodSymbol, id));

    [Theory]
    [InlineData("TorchSharp.Scalar")]
    [InlineData("TorchSharp.torch+Tensor")]
    public void Every_conversion_from_a_number_is_banned(string type)
    {
        var made = Compilation.GetTypeByMetadataName(type)!;
        var conversions = made.GetMembers("op_Implicit").OfType<IMethodSymbol>()
            .Where(method => SymbolEqualityComparer.Default.Equals(method.ReturnType, made))
            .Select(method => method.GetDocumentationCommentId()!).ToArray();
        Assert.True(conversions.Length > 8);
        Assert.All(conversions, id => Assert.Contains(id, Banned));
    }

    [Fact]
    public void Every_operator_with_a_number_is_banned()
    {
        var operators = Compilation.GetTypeByMetadataName("TorchSharp.torch+Tensor")!.GetMembers().OfType<IMethodSymbol>()
            .Where(method => method.MethodKind == MethodKind.UserDefinedOperator)
            .Where(method => method.Parameters.Any(parameter => parameter.Type.SpecialType != SpecialType.None))
            .Select(method => method.GetDocumentationCommentId()!).ToArray();
        Assert.True(operators.Length > 30);
        Assert.All(operators, id => Assert.Contains(id, Banned));
    }
}
