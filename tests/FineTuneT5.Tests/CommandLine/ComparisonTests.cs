using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

public sealed class ComparisonTests : IDisposable
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    private readonly TemporaryFolder _folder = new();

    private string Output => Path.Combine(_folder.Path, "run");

    private string[] Short =>
    [
        "compare", "--model", "tiny", "--tasks", "sentences",
        "--rows", "8", "16", "--steps", "2", "3", "--seeds", "1", "2", "--batch", "4", "--warmup-steps", "0",
        "--max-source-length", "24", "--validation-rows", "6", "--test-rows", "10", "--algorithms", "base*1.5", "sam/2", "--output", Output,
    ];

    [Fact]
    public void A_comparison_ends_with_tables_plots_and_all_runs_as_lines()
    {
        var result = FineTuneProgram.Run([.. Short, "--learning-rates", "adafactor=0.01,0.02", "--rhos", "sam=0.1,0.2"]).Expect(0);
        Assert.Empty(result.Error);
        Assert.Contains("SAM, 1/2 ascent", result.Output, StringComparison.Ordinal);
        Assert.Contains("w/t/l", result.Output, StringComparison.Ordinal);
        Assert.All(["scores.png", "curves.png", "sharpness.png", "slices.png"], file =>
            Assert.Equal(Png, File.ReadAllBytes(Path.Combine(Output, file))[..4]));
        Assert.Contains("| sentences | ", File.ReadAllText(Path.Combine(Output, "report.md")), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Output));

        var runs = TrialStore.ReadLines(Path.Combine(Output, "results.jsonl"));
        Assert.Equal(2 + 2 + 2, runs.Count(run => run.Trial.Tuning)); // rates, further rates, radii
        var compared = runs.Where(run => !run.Trial.Tuning).ToList();
        Assert.Equal(2 * 2 * 3, compared.Count);                      // sizes, seeds, algorithms
        Assert.All(compared.GroupBy(run => run.Trial.Cell), cell => Assert.Single(cell.Select(run => run.SharpnessBefore).Distinct()));
        Assert.Equal([3, 4], compared.Where(run => run.Trial.Contender == "base*1.5").Select(run => run.Trial.Steps).Distinct().Order());
        Assert.All(compared, run => Assert.Equal(run.Trial.Contender == "sam/2", run.Trial.Rho > 0));
    }

    [Fact]
    public void A_comparison_that_is_resumed_does_what_is_missing_and_ends_as_it_would_have()
    {
        string[] fixedSettings = [.. Short, "--learning-rates", "adafactor=0.02", "--rhos", "sam=0.1"];
        FineTuneProgram.Run(fixedSettings).Expect(0);
        var whole = Scores();
        var lines = Path.Combine(Output, "results.jsonl");
        var kept = File.ReadLines(lines).Where(line => !(line.Contains("\"seed\":2", StringComparison.Ordinal) &&
            line.Contains("sam/2", StringComparison.Ordinal) && line.Contains("\"rows\":16", StringComparison.Ordinal))).ToList();
        Assert.Equal(11, kept.Count);
        File.WriteAllLines(lines, kept);

        var resumed = FineTuneProgram.Run([.. fixedSettings, "--resume"]).Expect(0);
        Assert.Contains("12/12", resumed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("11/12", resumed.Output, StringComparison.Ordinal);
        Assert.Equal(whole, Scores());
        Assert.Equal(kept, File.ReadLines(lines).Intersect(kept)); // times included: they were not run again

        // A finished one is reported again where its data are not.
        var report = File.ReadAllText(Path.Combine(Output, "report.md"));
        File.Delete(Path.Combine(Output, "scores.png"));
        string[] elsewhere = [.. fixedSettings.Select(argument => argument == "sentences" ? "sentences=no-such-folder" : argument), "--resume"];
        Assert.Contains("All of them are finished", FineTuneProgram.Run(elsewhere).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(report, File.ReadAllText(Path.Combine(Output, "report.md")));
        Assert.True(File.Exists(Path.Combine(Output, "scores.png")));

        Refused([.. fixedSettings], "already holds a comparison", "--resume");
        Refused([.. fixedSettings, "--resume", "--label-smoothing", "0.1"], "other training options", "--output");

        (string, double, double?, double?)[] Scores() =>
            [.. TrialStore.ReadLines(Path.Combine(Output, "results.jsonl")).Select(run => (run.Trial.Name, run.Score, run.Loss, run.SharpnessAfter))];
    }

    [Fact]
    public void Processes_share_the_work()
    {
        string[] arguments = [.. Short, "--learning-rates", "adafactor=0.02", "--rhos", "sam=0.1", "--resume"];
        var other = FineTuneProgram.Start(arguments);
        var (first, second) = (FineTuneProgram.Run(arguments).Expect(0), FineTuneProgram.Finish(other).Expect(0));
        int Done(ProgramResult result) => result.Output.Split('\n')
            .Count(line => line.Contains(" seed ", StringComparison.Ordinal) && line.Contains(" left", StringComparison.Ordinal));
        Assert.Equal(12, Done(first) + Done(second));
        Assert.Equal(12, TrialStore.ReadLines(Path.Combine(Output, "results.jsonl")).Count);
    }

    [Theory]
    [InlineData("--algorithms", "samm", "samm", "looksam")]
    [InlineData("--algorithms", "base", "'base'", "base*1.25")]
    [InlineData("--rhos", "gsam=0.1", "--rhos has nothing for sam", "--rhos sam=")]
    [InlineData("--rhos", "sam=x", "'sam=x'", "sam=0.2,0.5")]
    [InlineData("--learning-rates", "adafactr=1", "adafactr", "adamw")]
    [InlineData("--tasks", "sst2", "'sst2'", "sst2=data/SST-2")]
    [InlineData("--rows", "many", "many", "--rows")]
    [InlineData("--label-noise", "1", "--label-noise is 1", "[0, 1)")]
    [InlineData("--seeds", "x", "'x'", "--seeds")]
    public void Wrong_usage_exits_with_2_and_names_the_value_and_the_remedy(string option, string value, string named, string remedy)
        => Refused(["compare", "--model", "tiny", option, value, "--output", Output], named, remedy);

    [Fact]
    public void A_name_given_twice_is_refused() =>
        Refused(["compare", "--model", "tiny", "--seeds", "1", "1", "--output", Output], "--seeds", "twice");

    [SkippableFact]
    public void A_stopped_comparison_says_how_to_go_on_and_the_command_does()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are Unix's");
        string[] arguments = [.. Short, "--learning-rates", "adafactor=0.02", "--rhos", "sam=0.1"];
        arguments[Array.IndexOf(arguments, "--steps") + 2] = "40";
        using var process = FineTuneProgram.Start(arguments);
        FineTuneProgram.WaitFor(process, () => Directory.Exists(Path.Combine(Output, "trials")));
        FineTuneProgram.Interrupt(process);
        var stopped = FineTuneProgram.Finish(process).Expect(130);
        var resumed = FineTuneProgram.GoOn(stopped).Expect(0);
        Assert.Contains("12/12", resumed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" 1/12", resumed.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Output));
    }

    [Fact]
    public void A_comparison_whose_folder_is_deleted_ends_with_an_error()
    {
        string[] arguments = [.. Short, "--learning-rates", "adafactor=0.02", "--rhos", "sam=0.1"];
        arguments[Array.IndexOf(arguments, "--steps") + 2] = "400";
        using var process = FineTuneProgram.Start(arguments);
        FineTuneProgram.WaitFor(process, () => Directory.Exists(Path.Combine(Output, "trials")));
        File.Delete(Path.Combine(Output, "comparison.json"));
        var result = FineTuneProgram.Finish(process).Expect(1);
        Assert.Contains("is gone", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_says_what_it_does_which_run_is_on_and_what_came_out()
    {
        var lines = FineTuneProgram.Run([.. Short, "--learning-rates", "adafactor=0.02", "--rhos", "sam=0.1"]).Expect(0).Output.Split('\n');
        Assert.StartsWith("12 runs: base; base, +50% steps; SAM, 1/2 ascent, each on 8 and 16 training rows from 2 seeds.", lines[0],
            StringComparison.Ordinal);
        Assert.Equal(12, lines.Select(line => line.Split(": ")[0]).Distinct()
            .Count(start => start.StartsWith("  run ", StringComparison.Ordinal) && start.EndsWith(" of 12", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.StartsWith("SAM, 1/2 ascent against the base (adafactor) in 4 pairs of runs: accuracy ",
            StringComparison.Ordinal) && line.Contains(" of 4), sharpness x ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("base, +50% steps against the base", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  sharpness: ", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static void Refused(string[] arguments, string named, string remedy)
    {
        var result = FineTuneProgram.Run(arguments).Expect(2);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.Contains(remedy, result.Error, StringComparison.Ordinal);
    }
}
