using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

/// <summary>The loss around the weights of a run, in its folder and beside that of others.</summary>
public sealed class LandscapeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string First => Path.Combine(_folder.Path, "first");

    private string Second => Path.Combine(_folder.Path, "second");

    private static string[] Short => ["--model", "tiny", "--train-rows", "8", "--batch", "8", "--max-source-length", "24", "--steps", "1"];

    private static string[] Landscape => [.. Short, "--landscape"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_landscape_of_an_earlier_version_is_measured_again()
    {
        string[] arguments = [.. Landscape, "--output", First];
        FineTuneProgram.Run(arguments).Expect(0);
        var path = Path.Combine(First, "landscape.json");
        var whole = JsonNode.Parse(File.ReadAllText(path))!;
        var earlier = whole.DeepClone().AsObject();
        foreach (var added in new[] { "Plane", "Radius", "Worst", "Rise" }) Assert.True(earlier.Remove(added));
        File.WriteAllText(path, earlier.ToJsonString());

        var refused = FineTuneProgram.Run([.. Landscape, "--output", Second, "--landscape-beside", First]).Expect(2);
        Assert.Contains("has no landscape.json of this version: run that with --resume --landscape first", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Second)); // said before anything is trained

        FineTuneProgram.Run([.. arguments, "--resume"]).Expect(0);
        Assert.True(JsonNode.DeepEquals(whole, JsonNode.Parse(File.ReadAllText(path))));
    }

    [Fact]
    public void A_damaged_landscape_is_an_error_that_says_what_to_do()
    {
        string[] arguments = [.. Landscape, "--output", First];
        FineTuneProgram.Run(arguments).Expect(0);
        File.WriteAllText(Path.Combine(First, "landscape.json"), "{\"Name\": \"adamw\",");
        var refused = FineTuneProgram.Run([.. arguments, "--resume"]).Expect(1);
        Assert.Contains("landscape.json", refused.Error, StringComparison.Ordinal);
        Assert.Contains("delete it and run again with --resume", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_are_drawn_side_by_side()
    {
        FineTuneProgram.Run([.. Landscape, "--rho", "0", "--output", First]).Expect(0);
        FineTuneProgram.Run([.. Landscape, "--output", Second, "--landscape-beside", First]).Expect(0);
        Assert.Equal(2 * WidthOf(Path.Combine(First, "plane.png")), WidthOf(Path.Combine(Second, "plane.png")));

        var refused = FineTuneProgram.Run([.. Short, "--output", Second + "2", "--landscape-beside", First]).Expect(2);
        Assert.Contains("--landscape-beside needs --landscape", refused.Error, StringComparison.Ordinal);
    }

    private static int WidthOf(string png) => BinaryPrimitives.ReadInt32BigEndian(File.ReadAllBytes(png).AsSpan(16));
}
