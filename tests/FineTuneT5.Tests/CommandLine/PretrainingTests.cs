using System.Diagnostics;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Monitoring;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

public sealed class PretrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // The bundled sentences are both the text and the mixed task.
    private static string[] Arguments =>
    [
        "pretrain", "--model", "tiny", "--text", Text("train"), Text("dev"), "--held-out", Text("dev"), "--held-out-rows", "8",
        "--mix", $"sentences={BundledData.Folder}", "--max-source-length", "24", "--batch", "6", "--log-every", "3", "--evaluate-every", "4",
    ];

    [Theory]
    [InlineData("--optimizer", "adafactor", "--cooccurrence-embedding", "--random-roll")]
    [InlineData("--optimizer", "adamw", "--rho", "0.05")]
    public void A_run_stopped_and_resumed_ends_as_an_uninterrupted_one_bit_for_bit(params string[] options)
    {
        string[] arguments = [.. Arguments, .. options, "--warmup-steps", "2"];
        var (whole, resumed) = (Output("whole"), Output("resumed"));
        FineTuneProgram.Run([.. arguments, "--steps", "10", "--cooldown-steps", "3", "--output", whole]).Expect(0);
        using (var process = FineTuneProgram.Start([.. arguments, "--steps", "100000", "--save-every", "5", "--keep", "100", "--output", resumed]))
        {
            var (checkpoint, waited) = (Path.Combine(resumed, "checkpoints", "step-00000005"), Stopwatch.StartNew());
            while (!Directory.Exists(checkpoint) && waited.Elapsed < TimeSpan.FromMinutes(2))
                Thread.Sleep(20);
            process.Kill();
            process.WaitForExit();
            foreach (var later in Directory.GetDirectories(Path.Combine(resumed, "checkpoints")).Where(folder => folder != checkpoint))
                Directory.Delete(later, recursive: true);
        }
        // The end of the run is chosen only now, and the cool-down lies before it.
        FineTuneProgram.Run([.. arguments, "--steps", "10", "--cooldown-steps", "3", "--save-every", "5", "--output", resumed, "--resume"]).Expect(0);

        foreach (var file in new[] { "metrics.jsonl", "model/model.safetensors", "checkpoints/step-00000010/optimizer.bin" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(resumed, file)));
        var metrics = MetricsLog.Read(Path.Combine(whole, "metrics.jsonl"));
        Assert.Equal([4, 8, 10], metrics.Where(record => record.Split == "dev").Select(record => record.Step));
    }

    [Fact]
    public void The_model_can_be_saved_in_half_the_size_and_fine_tuned()
    {
        var output = Output("run");
        var result = FineTuneProgram.Run([.. Arguments, "--steps", "6", "--model-dtype", "bfloat16", "--output", output]).Expect(0);
        Assert.Matches(@"M ids of text in \d+ segments, \d\d+ held out; model tiny", result.Output);
        Assert.True(File.Exists(Path.Combine(output, "runs.png")));
        var (saved, trained) = (Weights(Path.Combine(output, "model")), Weights(Path.Combine(output, "checkpoints", "step-00000006")));
        Assert.InRange(trained / (double)saved, 1.9, 2.0);
        FineTuneProgram.Run("--model", Path.Combine(output, "model"),
            "--train-rows", "20", "--batch", "4", "--steps", "2", "--output", Output("tuned")).Expect(0);
    }

    [SkippableFact]
    public void Ctrl_C_saves_a_checkpoint_and_exits_with_130()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are Unix's");
        var output = Output("run");
        using var process = FineTuneProgram.Start([.. Arguments, "--steps", "100000", "--output", output]);
        var (metrics, waited) = (new FileInfo(Path.Combine(output, "metrics.jsonl")), Stopwatch.StartNew());
        while (!(metrics.Exists && metrics.Length > 0) && waited.Elapsed < TimeSpan.FromMinutes(2))
        {
            Thread.Sleep(20);
            metrics.Refresh();
        }
        FineTuneProgram.Interrupt(process);
        FineTuneProgram.Finish(process).Expect(130);
        Assert.Single(Directory.GetDirectories(Path.Combine(output, "checkpoints")));
    }

    [Theory]
    [InlineData(2, "--text is missing", "pretrain")]
    [InlineData(1, "'nowhere'", "pretrain", "--text", "nowhere")]
    [InlineData(2, "noise density is 1", "pretrain", "--text", "nowhere", "--noise-density", "1")]
    [InlineData(2, "task-fraction is 1", "pretrain", "--text", "nowhere", "--task-fraction", "1")]
    [InlineData(2, "--held-out-rows is 0", "pretrain", "--text", "nowhere", "--held-out-rows", "0")]
    public void Bad_input_is_refused_by_name(int code, string named, params string[] arguments)
        => Assert.Contains(named, FineTuneProgram.Run(arguments).Expect(code).Error, StringComparison.Ordinal);

    [Fact]
    public void Word_vectors_from_counts_are_where_a_fresh_model_begins_and_are_refused_for_another()
    {
        string[] arguments = [.. Arguments, "--learning-rate", "1e-9", "--steps", "1"];
        FineTuneProgram.Run([.. arguments, "--output", Output("drawn")]).Expect(0);
        FineTuneProgram.Run([.. arguments, "--cooccurrence-embedding", "--output", Output("counted")]).Expect(0);
        using var scope = NewDisposeScope();
        Tensor Embedding(string run)
        {
            using var model = T5Checkpoint.Load(Path.Combine(Output(run), "model"), CPU, ScalarType.Float32);
            return model.get_parameter("shared.weight")!.detach().clone();
        }
        var differ = (Embedding("drawn") - Embedding("counted")).abs().amax([1]).IsGreaterThan(0.01);
        // Pad and end do not stand in the text, nor do sentinels; nearly all pieces do.
        Assert.False(differ[0].item<bool>() || differ[1].item<bool>() || differ[^1].item<bool>());
        Assert.InRange(differ.to(ScalarType.Float64).mean().item<double>(), 0.5, 1);

        Assert.Contains("already has an embedding", FineTuneProgram.Run(
            ["pretrain", "--model", Path.Combine(Output("drawn"), "model"),
                .. Arguments[3..], "--cooccurrence-embedding", "--output", Output("again")]).Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mixed_task_without_a_folder_and_text_that_is_all_held_out_are_refused()
    {
        string[] arguments = ["pretrain", "--text", Text("train"), "--output", Output("run")];
        Assert.Contains("--mix is 'sst2'", FineTuneProgram.Run([.. arguments, "--mix", "sst2"]).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("no text", FineTuneProgram.Run([.. arguments, "--held-out", Text("train")]).Expect(1).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output("run")));
    }

    public void Dispose() => _folder.Dispose();

    private static string Text(string split) => Path.Combine(BundledData.Folder, $"{split}.tsv");

    private static long Weights(string folder) => new FileInfo(Path.Combine(folder, "model.safetensors")).Length;

    private string Output(string name) => Path.Combine(_folder.Path, name);
}
