using System.Text.Json;
using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.FineTuning;
using SamSharp.Samples.FineTuneT5.Setup;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

/// <summary>What the command line becomes, what it refuses, and its help.</summary>
public class CommandTests
{
    private readonly List<FineTuneRequest> _runs = [];
    private readonly List<CompareRequest> _comparisons = [];

    [Theory]
    [InlineData]
    [InlineData("--trace")]
    public void Without_a_setting_it_is_the_demonstration(params string[] arguments)
    {
        Invoke(arguments);
        var request = Assert.Single(_comparisons);
        Assert.Empty(_runs);
        Assert.Contains("with and without SAM", request.Opening, StringComparison.Ordinal);
        Assert.Equal("bfloat16", request.Run.Types.Activations.ToString().ToLowerInvariant());
    }

    [Fact]
    public void Compare_without_a_setting_is_the_demonstration_too_so_that_it_goes_on_with_one()
    {
        Invoke("compare", "--output", "x", "--resume");
        var expected = Demonstration.Comparison("x") with { Opening = null };
        Assert.Equal(Text(expected with { Run = expected.Run with { Resume = true } }), Text(Assert.Single(_comparisons)));

        static string Text(CompareRequest request) => JsonSerializer.Serialize(request with { Run = request.Run with { Types = NumberTypes.Full } })
            + request.Run.Types.Name;
    }

    [Theory]
    [InlineData("--device", "gpu", "--device is 'gpu': it must be cpu or cuda.")]
    [InlineData("--dtype", "int8", "--dtype is 'int8': it must be float32 or bfloat16 or mixed.")]
    [InlineData("--seed", "one", "--seed is 'one': it must be a whole number, such as 100.")]
    [InlineData("--steps", "1e3", "--steps is '1e3': it must be a whole number, such as 100.")]
    [InlineData("--epochs", "few", "--epochs is 'few': it must be a number, such as 0.05.")]
    public void What_is_refused_is_named_with_its_option(string option, string value, string expected) =>
        Assert.Equal(expected, Assert.Single(Command().Parse([option, value]).Errors).Message);

    [Fact]
    public void Every_option_refuses_nonsense_without_a_type_of_the_runtime()
    {
        foreach (var verb in new string[][] { [], ["compare"], ["pretrain"] })
        {
            foreach (var option in Command().Parse(verb).CommandResult.Command.Options)
            {
                Assert.All(Command().Parse([.. verb, $"{option.Name}=§"]).Errors, error =>
                {
                    Assert.DoesNotContain("System.", error.Message, StringComparison.Ordinal);
                    if (option.ValueType != typeof(bool) && option.HelpName is not null)
                        Assert.Contains(option.Name, error.Message, StringComparison.Ordinal);
                });
            }
        }
    }

    [Fact]
    public void The_help_has_examples_and_groups_and_compare_its_own_texts()
    {
        var (root, compare, pretrain) = (Help("--help"), Help("compare", "--help"), Help("pretrain", "--help"));
        foreach (var page in new[] { root, compare, pretrain })
        {
            Assert.Contains("Examples (what follows --):", page, StringComparison.Ordinal);
            Assert.Contains("dotnet run -c Release --project samples/FineTuneT5 --", page, StringComparison.Ordinal);
            Assert.All(page.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 110));
        }
        Assert.Contains("The sharpness-aware step:", root, StringComparison.Ordinal);
        Assert.Contains("Files and machine:", root, StringComparison.Ordinal);
        Assert.Contains("results.jsonl, report.md", compare, StringComparison.Ordinal);
        Assert.Contains("Do the runs that --output lacks", compare, StringComparison.Ordinal);
        Assert.DoesNotContain("checkpoints/ and model/", compare, StringComparison.Ordinal);
        Assert.Matches(@"--dtype <float32\|bfloat16\|mixed>\s[^\[]*\[mixed\]", compare);
        foreach (var option in Command().Parse([]).CommandResult.Command.Options.Where(option => option.Name is not ("--version" or "--help")))
            Assert.Single(root.Split("Model and data:")[1].Split('\n'), line => line.StartsWith($"  {option.Name} ", StringComparison.Ordinal)
                || line.StartsWith($"  {option.Name},", StringComparison.Ordinal) || line.TrimEnd() == $"  {option.Name}");
    }

    [Theory]
    [InlineData("runs/a-1", "runs/a-1")]
    [InlineData("my runs", "'my runs'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("classify: {a}", "'classify: {a}'")]
    [InlineData("", "''")]
    public void A_command_to_go_on_is_quoted_for_a_shell(string word, string expected) => Assert.Equal(expected, Continuation.Quoted(word));

    private static string Help(params string[] arguments)
    {
        using var output = new StringWriter();
        Command().Parse(arguments).Invoke(new() { Output = output });
        return output.ToString();
    }

    private static FineTuneCommand Command() => new(ProgramFace.T5, (_, _) => { }, (_, _) => { }, PretrainCommand.Create((_, _) => { }));

    private void Invoke(params string[] arguments) =>
        new FineTuneCommand(ProgramFace.T5, (request, _) => _runs.Add(request), (request, _) => _comparisons.Add(request)).Parse(arguments)
            .Invoke(new() { EnableDefaultExceptionHandler = false });
}
