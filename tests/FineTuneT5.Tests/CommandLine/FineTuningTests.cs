using System.Text.Json;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Tests.Needs;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

public sealed class FineTuningTests : IDisposable
{
    private static readonly string[] Short =
        ["--model", "tiny", "--train-rows", "40", "--batch", "4", "--log-every", "3", "--max-source-length", "24"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Runs_of_several_seeds_end_with_a_table_a_plot_and_their_models()
    {
        var output = Path.Combine(_folder.Path, "run");
        var result = FineTuneProgram.Run([.. Short, "--seeds", "1", "2", "--steps", "6", "--evaluate-every", "3", "--output", output]).Expect(0);

        Assert.Empty(result.Error);
        Assert.Contains("SAM(adamw)", result.Output, StringComparison.Ordinal);
        Assert.Contains("sharpness", result.Output, StringComparison.Ordinal);
        var plot = Path.Combine(output, "runs.png");
        Assert.Contains(plot, result.Output, StringComparison.Ordinal);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(plot)[..4]);
        foreach (var run in new[] { "seed-1", "seed-2" })
        {
            var folder = Path.Combine(output, run);
            Assert.Equal(
                ["config.json", "model.safetensors", "spiece.model"],
                Directory.GetFiles(Path.Combine(folder, "model")).Select(Path.GetFileName).Order());
            Assert.Single(Directory.GetFiles(Path.Combine(folder, "tensorboard")));
            var metrics = MetricsLog.Read(Path.Combine(folder, "metrics.jsonl"));
            Assert.Equal([3, 6], metrics.Where(record => record.Split == "dev").Select(record => record.Step));
            Assert.Single(metrics, record => record.Split == "test");
        }
    }

    [Fact]
    public void The_loss_around_the_weights_is_drawn_on_request_of_a_finished_run_too()
    {
        var output = Path.Combine(_folder.Path, "run");
        string[] arguments = ["--model", "tiny", "--train-rows", "8",
            "--batch", "8", "--max-source-length", "24", "--steps", "1", "--output", output];
        FineTuneProgram.Run(arguments).Expect(0);
        var plot = Path.Combine(output, "landscape.png");
        Assert.False(File.Exists(plot));

        var result = FineTuneProgram.Run([.. arguments, "--resume", "--landscape"]).Expect(0);
        Assert.Contains(plot, result.Output, StringComparison.Ordinal);
        foreach (var path in new[] { plot, Path.Combine(output, "plane.png") })
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(path)[..4]);
        using var landscape = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "landscape.json")));
        Assert.Equal(8, landscape.RootElement.GetProperty("Rows").GetInt64());
        var losses = landscape.RootElement.GetProperty("Gradient").GetProperty("Losses").EnumerateArray().Select(loss => loss.GetDouble()).ToArray();
        // Uphill is to the right.
        Assert.True(losses[losses.Length / 2] < losses[(losses.Length / 2) + 1]);
        // The worst point lies in the ball, higher than the weights, and the plane's first axis leads there.
        var root = landscape.RootElement;
        double Number(string name) => root.GetProperty(name).GetDouble();
        Assert.True(Number("Rise") > 0);
        Assert.InRange(Number("Worst"), 1e-6, Number("Radius") * (1 + 1e-6));
        var rows = root.GetProperty("Plane").GetProperty("Losses").EnumerateArray()
            .Select(row => row.EnumerateArray().Select(loss => loss.GetDouble()).ToArray()).ToArray();
        Assert.True(rows[rows.Length / 2][rows.Length / 2] < rows[(rows.Length / 2) + 1][rows.Length / 2]);
        Assert.InRange(root.GetProperty("Plane").GetProperty("Cosine").GetDouble(), -1e-3, 1e-3);
    }

    [Fact]
    public void A_saved_model_folder_can_be_trained_on()
    {
        var first = Path.Combine(_folder.Path, "first");
        FineTuneProgram.Run([.. Short, "--steps", "2", "--output", first]).Expect(0);
        FineTuneProgram.Run([.. Short[2..], "--steps", "2", "--output", Path.Combine(_folder.Path, "second"), "--model", Path.Combine(first, "model"),
            "--optimizer", "adafactor", "--rho", "0", "--dtype", "bfloat16"]).Expect(0);
    }

    [Fact]
    public void Adapters_train_alone_go_on_from_a_checkpoint_and_are_saved_alone_and_merged()
    {
        var output = Path.Combine(_folder.Path, "run");
        string[] arguments = [.. Short, "--lora-rank", "4", "--learning-rate", "0.01", "--rho", "0.05", "--save-every", "2", "--output", output];
        FineTuneProgram.Run([.. arguments, "--steps", "2"]).Expect(0);
        var checkpoint = Directory.GetDirectories(Path.Combine(output, "checkpoints")).Single();
        Assert.Equal(
            ["adapter_config.json", "adapter_model.safetensors", "clock.json", "metrics.jsonl", "optimizer.bin", "training.json"],
            Directory.GetFiles(checkpoint).Select(Path.GetFileName).Order());

        var result = FineTuneProgram.Run([.. arguments, "--steps", "4", "--resume"]).Expect(0);
        Assert.Contains("LoRA 4, SAM(adamw)", result.Output, StringComparison.Ordinal);
        Assert.Contains("Peak memory", result.Output, StringComparison.Ordinal);
        var whole = Path.Combine(_folder.Path, "whole");
        FineTuneProgram.Run([.. arguments[..^1], whole, "--steps", "4"]).Expect(0);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(whole, "adapter", "adapter_model.safetensors")),
            File.ReadAllBytes(Path.Combine(output, "adapter", "adapter_model.safetensors")));
        FineTuneProgram.Run([.. Short[2..], "--steps", "1", "--output", Path.Combine(_folder.Path, "second"),
            "--model", Path.Combine(output, "model")]).Expect(0);
    }

    [TheoryThatNeeds(What = Need.Data)]
    [InlineData("sst2", "glue/SST-2", 67349, 872)]
    [InlineData("cola", "glue/CoLA", 8551, 1043)]
    [InlineData("rte", "glue/RTE", 2490, 277)]
    [InlineData("boolq", "superglue/BoolQ", 32, 3270)]
    public void Real_rows_of_a_task_can_be_trained_on(string task, string data, int train, int dev)
    {
        var output = Path.Combine(_folder.Path, "run");
        var result = FineTuneProgram.Run(
            "--model", "tiny", "--task", task, "--data", SharedData.Path(data.Split('/')), "--train-rows", "24", "--batch", "8", "--steps", "3",
            "--max-source-length", "16", "--max-target-length", "6", "--output", output).Expect(0);

        Assert.Contains($"24 of {train} training rows, {dev} dev rows", result.Output, StringComparison.Ordinal);
        var measured = Assert.Single(MetricsLog.Read(Path.Combine(output, "metrics.jsonl")), record => record.Split == "dev");
        Assert.InRange(measured.Values.Values.First(), -1, 1);
    }

    [FactThatNeeds(What = Need.Data)]
    public void Several_tasks_are_mixed_and_evaluated_one_by_one()
    {
        var output = Path.Combine(_folder.Path, "run");
        var result = FineTuneProgram.Run(
            "--model", "tiny", "--task", "cola,rte,stsb", "--data", SharedData.Path("glue"), "--mixture-cap", "16", "--train-rows", "24",
            "--batch", "8", "--steps", "3", "--bucket-by-length", "--label-smoothing", "0.1", "--keep-best", "average,rte/loss",
            "--max-source-length", "16", "--max-target-length", "6", "--output", output).Expect(0);

        Assert.Contains("cola: 24 of 8551 training rows, 1043 dev rows; rte: 24 of 2490", result.Output, StringComparison.Ordinal);
        var measured = Assert.Single(MetricsLog.Read(Path.Combine(output, "metrics.jsonl")), record => record.Split == "dev").Values;
        Assert.Equal(
            ["cola/matthews", "cola/accuracy", "cola/loss", "rte/accuracy", "rte/loss",
                "stsb/pearson", "stsb/spearman", "stsb/loss", "average", "loss"],
            measured.Keys);
        Assert.Equal((measured["cola/matthews"] + measured["rte/accuracy"] + measured["stsb/pearson"]) / 3, measured["average"], 12);
        Assert.Equal(["average", "rte-loss"], Directory.GetDirectories(Path.Combine(output, "best")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Rows_of_ones_own_are_trained_on_with_a_prompt_and_words_of_ones_own()
    {
        _folder.Write("data/train.csv", "title,kind\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"\"a, {i}\",{i % 2}\n")));
        var result = FineTuneProgram.Run(
            "--model", "tiny", "--task", "text", "--data", Path.Combine(_folder.Path, "data"), "--prompt", "kind of: {title}",
            "--label-words", "0=even,1=odd", "--label-column", "kind", "--steps", "2", "--batch", "4",
            "--output", Path.Combine(_folder.Path, "run")).Expect(0);
        Assert.Contains("text: 36 of 36 training rows, 4 dev rows", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tasks_are_listed_with_scores_and_files()
    {
        var output = FineTuneProgram.Run("tasks").Expect(0).Output;
        Assert.All(SamSharp.Samples.T5.Tasks.TaskCatalog.All, task => Assert.Contains(task.Name, output, StringComparison.Ordinal));
        Assert.Contains("matthews", output, StringComparison.Ordinal);
        Assert.Contains("SMS_Spam: SMSSpamCollection", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("adafactor")]
    public void A_killed_run_that_is_resumed_ends_as_an_uninterrupted_one_bit_for_bit(string optimizer)
    {
        string[] arguments = [.. Short, "--optimizer", optimizer,
            "--steps", "24", "--save-every", "4", "--evaluate-every", "9", "--schedule", "linear"];
        var whole = Path.Combine(_folder.Path, "whole");
        var killed = Path.Combine(_folder.Path, "killed");
        FineTuneProgram.Run([.. arguments, "--output", whole]).Expect(0);

        using (var process = FineTuneProgram.Start([.. arguments, "--output", killed]))
        {
            FineTuneProgram.WaitFor(process, () => Directory.Exists(Path.Combine(killed, "checkpoints", "step-00000008")));
            process.Kill();
            process.WaitForExit();
        }
        Assert.False(Directory.Exists(Path.Combine(killed, "model")), "The run ended before it was killed.");
        FineTuneProgram.Run([.. arguments, "--output", killed, "--resume"]).Expect(0);

        foreach (var file in new[] { "metrics.jsonl", "model/model.safetensors", "checkpoints/step-00000024/optimizer.bin" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(killed, file)));
    }

    [SkippableFact]
    public void Ctrl_C_saves_a_checkpoint_and_exits_with_130()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are Unix's");
        var output = Path.Combine(_folder.Path, "run");
        using var process = FineTuneProgram.Start([.. Short, "--steps", "100000", "--output", output]);
        FineTuneProgram.WaitFor(process, () => FineTuneProgram.HasContent(Path.Combine(output, "metrics.jsonl")));
        FineTuneProgram.Interrupt(process);
        var result = FineTuneProgram.Finish(process).Expect(130);
        Assert.Contains("Stopped after step", result.Error, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(Path.Combine(output, "checkpoints")));
    }

    public void Dispose() => _folder.Dispose();
}
