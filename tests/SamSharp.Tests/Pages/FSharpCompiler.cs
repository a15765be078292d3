using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;

namespace SamSharp.Tests.Pages;

/// <summary>Compiles F# as a program with the SDK's own compiler, which needs no package.</summary>
internal static class FSharpCompiler
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly string Sdk = typeof(FSharpCompiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "FSharp").Value!;

    private static string CoreLibrary => Path.Combine(Sdk, "FSharp.Core.dll");

    /// <summary>Compiles a program. Its functions are in the module <c>Snippet</c>.</summary>
    /// <param name="code">The program.</param>
    /// <param name="folder">Where its files go.</param>
    /// <returns>The compiler's exit code, and what it objects to, warnings included.</returns>
    public static (int Exit, string Output) Compile(string code, string folder)
    {
        File.WriteAllText(Path.Combine(folder, "Snippet.fs"), code);
        File.WriteAllLines(Path.Combine(folder, "options.rsp"),
        [
            "--nologo", "--target:exe", "--noframework", "--targetprofile:netcore", "--nocopyfsharpcore", "--warnaserror+",
            $"--out:{ProgramIn(folder)}", $"-r:{CoreLibrary}", .. References().Select(path => $"-r:{path}"), Path.Combine(folder, "Snippet.fs"),
        ]);
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        using var compiler = Process.Start(new ProcessStartInfo(host, [Path.Combine(Sdk, "fsc.dll"), $"@{Path.Combine(folder, "options.rsp")}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (compiler.StandardOutput.ReadToEndAsync(), compiler.StandardError.ReadToEndAsync());
        if (!compiler.WaitForExit(Limit))
        {
            compiler.Kill();
            throw new TimeoutException($"The F# compiler still runs after {Limit}.");
        }
        return (compiler.ExitCode, output.Result + error.Result);
    }

    /// <summary>Runs the program that was compiled into the folder in this process, and gives its module to the caller.</summary>
    public static void Run(string folder, Action<Type> use)
    {
        var context = new AssemblyLoadContext("F#", isCollectible: true);
        context.Resolving += (own, name) => name.Name == "FSharp.Core" ? own.LoadFromAssemblyPath(CoreLibrary) : null;
        try
        {
            using var image = new MemoryStream(File.ReadAllBytes(ProgramIn(folder)));
            var program = context.LoadFromStream(image);
            var main = program.EntryPoint!;
            main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()], null);
            use(program.GetType("Snippet", throwOnError: true)!);
        }
        finally
        {
            context.Unload();
        }
    }

    private static string ProgramIn(string folder) => Path.Combine(folder, "Snippet.exe");

    private static IEnumerable<string> References() => ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .Where(path => Path.GetFileNameWithoutExtension(path) is var name
            && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard" or "mscorlib" or "TorchSharp" or "SamSharp"));
}
