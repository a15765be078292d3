using System.Text.Json;
using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

/// <summary>What becomes of a run's folder when runs are killed, lengthened, stopped or disturbed.</summary>
public sealed class RunFolderTests : IDisposable
{
    private static readonly string[] Short =
        ["--model", "tiny", "--train-rows", "40", "--batch", "4", "--log-every", "3", "--max-source-length", "24"];

    private readonly TemporaryFolder _folder = new();

    private string Output => Path.Combine(_folder.Path, "run");

    private string Metrics => In("metrics.jsonl");

    [Fact]
    public void A_second_process_is_refused_in_a_sentence_and_works_once_the_first_is_killed()
    {
        string[] arguments = [.. Short, "--output", Output];
        using (var first = FineTuneProgram.Start([.. arguments, "--steps", "100000"]))
        {
            FineTuneProgram.WaitFor(first, () => FineTuneProgram.HasContent(Metrics));
            foreach (var verb in new string[][] { [], ["pretrain", "--text", WriteText()] })
            {
                var second = FineTuneProgram.Run([.. verb, .. verb.Length == 0 ? arguments : ["--model", "tiny", "--output", Output], "--resume",
                    "--steps", "2"]).Expect(1);
                Assert.Contains($"Another process is training in {Output}", Assert.Single(Lines(second.Error)), StringComparison.Ordinal);
            }
            first.Kill();
            first.WaitForExit();
        }
        FineTuneProgram.Run([.. arguments, "--steps", "2", "--resume"]).Expect(0);
    }

    [Fact]
    public void A_result_belongs_to_the_step_it_names()
    {
        string[] arguments = ["--model", "tiny", "--train-rows", "8", "--batch", "8", "--log-every", "3", "--max-source-length", "16",
            "--evaluate-every", "6", "--landscape", "--output", Output];
        FineTuneProgram.Run([.. arguments, "--steps", "12"]).Expect(0);
        string[] files = ["result.json", "landscape.json", "model/model.safetensors"];
        var old = files.ToDictionary(file => file, file => File.ReadAllBytes(In(file)));
        FineTuneProgram.Run([.. arguments, "--steps", "24", "--resume"]).Expect(0);
        var (metrics, model, result) = (File.ReadAllText(Metrics), File.ReadAllBytes(In("model/model.safetensors")), Result());
        Assert.Equal(24, result.GetProperty("Steps").GetInt32());

        // As a kill between the checkpoint of step 24 and what is measured there leaves it.
        var checkpoint = In("checkpoints/step-00000024/metrics.jsonl");
        File.WriteAllLines(checkpoint, File.ReadAllLines(checkpoint).Where(line => !(line.Contains("\"step\":24", StringComparison.Ordinal)
            && (line.Contains("sharpness", StringComparison.Ordinal) || line.Contains("\"test\"", StringComparison.Ordinal)))));
        foreach (var (file, bytes) in old)
            File.WriteAllBytes(In(file), bytes);
        FineTuneProgram.Run([.. arguments, "--steps", "24", "--resume"]).Expect(0);

        Assert.Equal(24, Result().GetProperty("Steps").GetInt32());
        Assert.Equal(result.GetProperty("Loss").GetDouble(), Result().GetProperty("Loss").GetDouble());
        Assert.Equal(model, File.ReadAllBytes(In("model/model.safetensors")));
        Assert.Equal(metrics, File.ReadAllText(Metrics));
        using var landscape = JsonDocument.Parse(File.ReadAllText(In("landscape.json")));
        Assert.Equal(24, landscape.RootElement.GetProperty("Step").GetInt32());
        Assert.Equal([12, 24], MetricsLog.Read(Metrics).Where(record => record.Split == "test").Select(record => record.Step));
        Assert.Equal([12, 24], MetricsLog.Read(Metrics).Where(record => record.Values.ContainsKey("sharpness")).Select(record => record.Step));
    }

    [Theory]
    [InlineData("")]                 // nothing is missing
    [InlineData("result.json")]      // killed between the measurements and the result
    [InlineData("model")]            // killed while the model was replaced
    public void A_finished_run_that_is_resumed_keeps_every_line_of_its_metrics(string missing)
    {
        string[] arguments = [.. Short, "--steps", "6", "--output", Output];
        FineTuneProgram.Run(arguments).Expect(0);
        var (metrics, loss) = (File.ReadAllText(Metrics), Result().GetProperty("Loss").GetDouble());
        Assert.Contains("\"test\"", metrics, StringComparison.Ordinal);
        if (missing == "model")
            Directory.Delete(In(missing), recursive: true);
        else if (missing.Length > 0)
            File.Delete(In(missing));
        FineTuneProgram.Run([.. arguments, "--resume"]).Expect(0);
        Assert.Equal(metrics, File.ReadAllText(Metrics));
        Assert.Equal(loss, Result().GetProperty("Loss").GetDouble());
        Assert.True(Result().GetProperty("StepMilliseconds").GetDouble() > 0);
        Assert.True(File.Exists(In("model/model.safetensors")));
        Assert.Single(Directory.GetFiles(In("tensorboard")));
    }

    [Fact]
    public void A_result_of_a_run_whose_checkpoints_are_gone_is_not_handed_out()
    {
        string[] arguments = [.. Short, "--steps", "3", "--output", Output];
        FineTuneProgram.Run(arguments).Expect(0);
        var old = Result().GetProperty("Loss").GetDouble();
        Directory.Delete(In("checkpoints"), recursive: true);
        FineTuneProgram.Run([.. arguments, "--learning-rate", "0.01", "--resume"]).Expect(0);
        Assert.NotEqual(old, Result().GetProperty("Loss").GetDouble());
    }

    [Fact]
    public void A_folder_that_is_deleted_while_a_run_writes_to_it_ends_the_run_with_an_error()
    {
        using var process = FineTuneProgram.Start([.. Short, "--steps", "100000", "--output", Output]);
        FineTuneProgram.WaitFor(process, () => FineTuneProgram.HasContent(Metrics));
        while (Directory.Exists(Output) && !process.HasExited)
        {
            try
            {
                Directory.Delete(Output, recursive: true);
            }
            catch (IOException)
            {
                // The run has just written a file there.
            }
        }
        var result = FineTuneProgram.Finish(process).Expect(1);
        Assert.Contains("is gone", Assert.Single(Lines(result.Error)), StringComparison.Ordinal);
        Assert.False(Directory.Exists(In("model")));
    }

    [Fact]
    public void A_run_that_diverges_between_two_reports_is_not_told_to_free_some_space()
    {
        var result = FineTuneProgram.Run([.. Short[..^4], "--log-every", "1000", "--max-source-length", "24", "--steps", "200", "--rho", "0",
            "--optimizer", "sgd", "--learning-rate", "1e20", "--save-every", "5", "--output", Output]).Expect(1);
        Assert.Contains("the run diverged", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("space", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_stopped_run_says_how_to_go_on_and_the_command_does()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are Unix's");
        using var process = FineTuneProgram.Start([.. Short, "--steps", "120", "--output", Output]);
        FineTuneProgram.WaitFor(process, () => FineTuneProgram.HasContent(Metrics));
        FineTuneProgram.Interrupt(process);
        var stopped = FineTuneProgram.Finish(process).Expect(130);
        Assert.Contains("Stopped after step", stopped.Error, StringComparison.Ordinal);
        FineTuneProgram.GoOn(stopped).Expect(0);
        Assert.Equal(120, Result().GetProperty("Steps").GetInt32());
    }

    [SkippableFact]
    public void Measuring_can_be_stopped_and_what_was_trained_is_saved_before()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are Unix's");
        using var process = FineTuneProgram.Start("--model", "tiny", "--batch", "2", "--steps", "2", "--landscape", "--output", Output);
        FineTuneProgram.WaitFor(process, () => File.Exists(In("result.json"))); // the landscape comes last and takes longest
        FineTuneProgram.Interrupt(process);
        var stopped = FineTuneProgram.Finish(process).Expect(130);
        Assert.Contains("Stopped while measuring after step 2", stopped.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(In("model/model.safetensors")));
        Assert.False(File.Exists(In("landscape.json")));
    }

    [Fact]
    public void A_run_and_a_comparison_do_not_share_a_folder()
    {
        _folder.Write("run/comparison.json", "{}");
        foreach (var resume in new string[][] { [], ["--resume"] })
        {
            var refused = FineTuneProgram.Run([.. Short, "--steps", "1", "--output", Output, .. resume]).Expect(2);
            Assert.Contains("holds a comparison", refused.Error, StringComparison.Ordinal);
        }
        _folder.Write("other/metrics.jsonl", "");
        var comparison = FineTuneProgram.Run("compare", "--model", "tiny", "--output", Path.Combine(_folder.Path, "other"), "--resume").Expect(2);
        Assert.Contains("contains a run", comparison.Error, StringComparison.Ordinal);
        Assert.Equal(["comparison.json"], Directory.GetFileSystemEntries(Output).Select(Path.GetFileName));
    }

    public void Dispose() => _folder.Dispose();

    private string In(string name) => Path.Combine(Output, name);

    private JsonElement Result()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(In("result.json")));
        return file.RootElement.Clone();
    }

    private string WriteText()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("The cat sat on the mat and looked at the dog. ", 200)));
        return Path.Combine(_folder.Path, "text.txt");
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
