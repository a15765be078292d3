namespace SamSharp.Tests.Architecture;

/// <summary>How much of the library a user sees.</summary>
public class SurfaceTests
{
    private static readonly Type[] Public =
    [
        .. typeof(SharpnessAwareOptimizer).Assembly.GetExportedTypes().Where(type => !type.IsSpecialName), // extension blocks make special ones
    ];

    [Fact]
    public void There_are_few_public_types()
    {
        Assert.True(Public.Length <= 125, $"{Public.Length} public types: {string.Join(", ", Public.Select(type => type.FullName))}");
    }

    [Fact]
    public void There_are_four_public_namespaces()
    {
        var namespaces = Public.Select(type => type.Namespace!).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["SamSharp", "SamSharp.Analysis", "SamSharp.Optimizers", "SamSharp.Steps"], namespaces);
    }

    /// <summary>Lines that fit a screen beside another window.</summary>
    [Theory]
    [InlineData("src")]
    [InlineData(".ci")]
    [InlineData("samples")]
    [InlineData("benchmarks")]
    [InlineData("tests")]
    public void No_line_of_code_is_over_150_characters(string folder)
    {
        var top = Path.Combine(SourceTree.Top, folder);
        var wide = Directory.EnumerateFiles(top, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(path => File.ReadLines(path)
                .Select((line, i) => (line.Length, Where: $"{Path.GetRelativePath(SourceTree.Top, path)}:{i + 1}")))
            .Where(line => line.Length > 150).Select(line => line.Where).ToArray();
        Assert.Empty(wide);
    }

    /// <summary>The story of a step can be read at once, and the wrapper is little more than its contract.</summary>
    [Theory]
    [InlineData("Steps/SharpnessStep.cs", 150)]
    [InlineData("SharpnessAwareOptimizer*.cs", 450)]
    public void The_heart_stays_small(string files, int most)
    {
        var folder = Path.Combine(SourceTree.Top, "src/SamSharp", Path.GetDirectoryName(files)!);
        Assert.InRange(Directory.EnumerateFiles(folder, Path.GetFileName(files)).Sum(path => File.ReadLines(path).Count()), 100, most);
    }
}
