using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SamSharp.Tests.Architecture;

/// <summary>C# sources below one folder, and which of their types use which. Documentation comments do not count.</summary>
internal sealed class SourceTree
{
    private readonly CSharpCompilation _compilation;

    /// <param name="files">Paths from the top folder, with slashes, and texts.</param>
    public SourceTree(IEnumerable<(string Path, string Text)> files)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.None);
        var trees = files.Select(file => CSharpSyntaxTree.ParseText(file.Text, options, file.Path))
            .Append(CSharpSyntaxTree.ParseText(ImplicitUsings, options, "/"));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("SamSharp", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path));
        _compilation = CSharpCompilation.Create("sources", trees, references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }

    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; " +
        "global using System.Threading; global using System.Threading.Tasks;";

    /// <summary>The repository's top folder.</summary>
    public static string Top { get; } = typeof(SourceTree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == "Top").Value!;

    /// <summary>The sources below a folder of the repository, without what a build makes.</summary>
    public static SourceTree Of(string folder)
    {
        var top = Path.Combine(Top, folder);
        return new(Directory.EnumerateFiles(top, "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(top, path).Replace('\\', '/'))
            .Where(path => !path.StartsWith("obj/", StringComparison.Ordinal) && !path.StartsWith("bin/", StringComparison.Ordinal)
                && !path.StartsWith("buildTransitive/", StringComparison.Ordinal))
            .Select(path => (path, File.ReadAllText(Path.Combine(top, path)))));
    }

    /// <summary>Every use of a type that another file declares.</summary>
    public IEnumerable<TypeUse> Uses() => _compilation.SyntaxTrees.Where(tree => tree.FilePath != "/").SelectMany(UsesIn).Distinct();

    private IEnumerable<TypeUse> UsesIn(SyntaxTree tree)
    {
        var model = _compilation.GetSemanticModel(tree);
        foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            if (name.FirstAncestorOrSelf<UsingDirectiveSyntax>() is not null) continue;
            var symbol = model.GetSymbolInfo(name).Symbol;
            if ((symbol as INamedTypeSymbol ?? symbol?.ContainingType)?.OriginalDefinition is not { } type) continue;
            while (type.ContainingType is { } outer) type = outer;
            var files = type.DeclaringSyntaxReferences.Select(declaration => declaration.SyntaxTree.FilePath).ToArray();
            if (files.Length > 0 && !files.Contains(tree.FilePath)) yield return new TypeUse(tree.FilePath, files[0], type.Name, type);
        }
    }
}

/// <summary>A file uses a type of another file.</summary>
internal sealed record TypeUse(string From, string To, string Type, INamedTypeSymbol Symbol)
{
    /// <summary>The first folder of each path; "(top)" for files in none.</summary>
    public (string From, string To) Folders => (FolderOf(From), FolderOf(To));

    public bool Equals(TypeUse? other) => other is not null && (From, To, Type) == (other.From, other.To, other.Type);

    public override int GetHashCode() => (From, To, Type).GetHashCode();

    private static string FolderOf(string path) =>
        path.Contains('/', StringComparison.Ordinal) ? path[..path.IndexOf('/', StringComparison.Ordinal)] : "(top)";
}
