using System.Reflection;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Pages;

/// <summary>The F# of the pages compiles, and its step trains.</summary>
[Collection(GlobalRandomNumbers.Name)]
public sealed class FSharpTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("samsharp-fsharp-").FullName;

    public static TheoryData<string, int> Snippets
    {
        get
        {
            var found = new TheoryData<string, int>();
            foreach (var path in Page.All)
            {
                foreach (var (line, _) in Page.Read(path).Blocks("fsharp")) found.Add(path, line);
            }
            return found;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Snippets))]
    public void A_snippet_compiles_and_its_step_trains(string path, int line)
    {
        var (exit, output) = FSharpCompiler.Compile(CodeAt(path, line), _folder);
        Assert.True(exit == 0 && output.Length == 0, output);
        var (draws, inputs, labels) = (new Random(1), new float[64, 10], new long[64]);
        for (var row = 0; row < 64; row++)
        {
            for (var column = 0; column < 10; column++) inputs[row, column] = draws.NextSingle() - 0.5f;
            labels[row] = inputs[row, 0] > 0 ? 1 : 0;
        }
        using var x = tensor(inputs);
        using var y = tensor(labels);
        var losses = new List<float>();
        FSharpCompiler.Run(_folder, module =>
        {
            var step = module.GetMethod("step") ?? throw new InvalidOperationException("The snippet has no function 'step'.");
            for (var i = 0; i < 200; i++) losses.Add((float)step.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [x, y], null)!);
        });
        Assert.All(losses, loss => Assert.True(float.IsFinite(loss)));
        Assert.True(losses[^1] < 0.9 * losses[0], $"the loss went from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void What_is_wrong_is_found()
    {
        var (path, line) = ("src/SamSharp/USAGE.md", Page.Read("src/SamSharp/USAGE.md").Blocks("fsharp").Single().Line);
        var wrong = CodeAt(path, line).Replace("rho = 0.05", "radius = 0.05", StringComparison.Ordinal);
        var (exit, output) = FSharpCompiler.Compile(wrong, _folder);
        Assert.NotEqual(0, exit);
        Assert.Contains("radius", output, StringComparison.Ordinal);
    }

    private static string CodeAt(string path, int line) => Page.Read(path).Blocks("fsharp").Single(block => block.Line == line).Code;
}
