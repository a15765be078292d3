using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SamSharp.Tests.Pages;

/// <summary>
/// Compiles the C# of a page: whole programs, which begin with their usings, as they are; other snippets as the body of a method of
/// <see cref="StandIns"/>.
/// </summary>
internal static class SnippetCompiler
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;

        """;

    private const string SharedUsings = """
        global using SamSharp;
        global using SamSharp.Analysis;
        global using SamSharp.Optimizers;
        global using SamSharp.Steps;
        global using TorchSharp;
        global using static TorchSharp.torch;

        """;

    private static readonly CSharpParseOptions Options = new(LanguageVersion.Latest);

    private static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    public static bool IsProgram(string code) => CSharpSyntaxTree.ParseText(code, Options).GetCompilationUnitRoot().Usings.Count > 0;

    /// <summary>What the compiler objects to.</summary>
    public static IEnumerable<string> Errors(string code) => Compile(code).GetDiagnostics()
        .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
        .Select(diagnostic => $"{diagnostic.GetMessage(null)} in: {TextOf(diagnostic)}");

    /// <summary>Runs a whole program, or another snippet on its stand-ins.</summary>
    public static void Run(string code)
    {
        using var image = new MemoryStream();
        Assert.True(Compile(code).Emit(image).Success);
        image.Position = 0;
        var context = new AssemblyLoadContext("page", isCollectible: true);
        var assembly = context.LoadFromStream(image);
        try
        {
            if (assembly.EntryPoint is { } main)
            {
                main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [Array.Empty<string>()], null);
                return;
            }
            using var snippet = (StandIns)assembly.CreateInstance("Snippet")!;
            snippet.Run();
        }
        finally
        {
            context.Unload();
        }
    }

    private static CSharpCompilation Compile(string code)
    {
        var (source, usings, kind) = IsProgram(code) ? (code, ImplicitUsings, OutputKind.ConsoleApplication)
            : (Wrapped(code), ImplicitUsings + SharedUsings, OutputKind.DynamicallyLinkedLibrary);
        var options = new CSharpCompilationOptions(kind, nullableContextOptions: NullableContextOptions.Enable);
        var trees = new[] { CSharpSyntaxTree.ParseText(source, Options), CSharpSyntaxTree.ParseText(usings, Options) };
        return CSharpCompilation.Create("Snippet", trees, References, options);
    }

    /// <summary>The statements as a method; types stay beside it.</summary>
    private static string Wrapped(string code)
    {
        var unit = CSharpSyntaxTree.ParseText(code, Options).GetCompilationUnitRoot();
        var statements = string.Concat(unit.Members.OfType<GlobalStatementSyntax>().Select(statement => statement.ToFullString()));
        var types = string.Concat(unit.Members.Where(member => member is not GlobalStatementSyntax).Select(type => type.ToFullString()));
        return $"public class Snippet : SamSharp.Tests.Pages.StandIns {{ public override void Run() {{ {statements} }} }}\n{types}";
    }

    private static string TextOf(Diagnostic diagnostic)
    {
        var lines = diagnostic.Location.SourceTree!.GetText().Lines;
        return lines[diagnostic.Location.GetLineSpan().StartLinePosition.Line].ToString();
    }
}
