using System.CommandLine;
using System.Text;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.FineTuneEncoder.CommandLine;
using SamSharp.Samples.FineTuneEncoder.Setup;
using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.FineTuning;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneEncoder.Tests;

/// <summary>The program on a small random encoder, whose words tell the labels.</summary>
public class ProgramTests
{
    private readonly List<FineTuneRequest> _runs = [];
    private readonly List<CompareRequest> _comparisons = [];

    [Fact]
    public void Without_arguments_it_compares_on_the_bundled_sentences()
    {
        Parse();
        var request = Assert.Single(_comparisons);
        Assert.Empty(_runs);
        request.Validate();
        Assert.Equal(["sentences"], request.Tasks);
        Assert.Equal(PackagedModel.MiniLM.Name, request.Run.Model);
        Assert.True(request.LabelNoise > 0 && request.Seeds.Count > 1);
        Assert.Contains(request.Contenders, contender => contender.Perturb == TrainingOptions.Body);
    }

    [Fact]
    public void Arguments_reach_the_options()
    {
        Parse("--task", "trec", "--data", "x", "--model", "arctic", "--freeze", "3", "--dtype", "mixed", "--label-noise", "0.4", "--recipe", "sam",
            "--rho", "0.1", "--perturb", "all", "--head-rate", "5");
        var request = Assert.Single(_runs);
        Assert.Equal(("trec", "arctic", "mixed", 0.4), (request.Task, request.Run.Model, request.Run.Types.Name, request.LabelNoise));
        var training = request.Training;
        Assert.Equal((3, "sam", 0.1, null, 5.0), (training.FrozenLayers, training.Recipe, training.Rho, training.Perturb, training.HeadRate));
        Parse("--freeze", "none");
        Assert.Null(_runs[1].Training.FrozenLayers);
        Assert.Equal(TrainingOptions.Body, _runs[1].Training.Perturb);
        Parse("--freeze", "embeddings");
        Assert.Equal(0, _runs[2].Training.FrozenLayers);
        Assert.Contains("--freeze", Assert.Throws<ArgumentException>(() => Parse("--freeze", "some")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("mixed")]
    public void A_run_learns_saves_and_is_loaded_again(string types)
    {
        using var folder = new TemporaryFolder();
        WriteFiles(folder.Path);
        Parse("--task", "text", "--data", folder.Path, "--model", Path.Combine(folder.Path, "model"), "--dtype", types, "--learning-rate", "0.01",
            "--steps", "30", "--batch", "8", "--rho", "0.05", "--recipe", "sam", "--freeze", "1", "--output", Path.Combine(folder.Path, "run"));
        FineTuneJob.Run(_runs[0], "Encoder", EncoderSetup.Finder, default);
        var result = RunResult.Load(Path.Combine(folder.Path, "run", "result.json"));
        Assert.Equal(1, result.Score);
        var source = EncoderSource.Open(Path.Combine(folder.Path, "run", "model"));
        Assert.Equal(["bad", "good"], source.Labels);
        using var model = source.Create(source.Labels, seed: 1);
        using var ids = tensor(source.Tokenizer.Encode("a good b", null, 16).Select(id => (long)id).ToArray(), [1, 5]);
        using var mask = ones_like(ids);
        using var scores = model.Classify(ids, mask);
        var values = scores.ReadAll<float>();
        Assert.True(values[1] > values[0]);
    }

    [Fact]
    public void A_comparison_measures_calibration_too_and_is_resumed_from_its_lines()
    {
        using var folder = new TemporaryFolder();
        WriteFiles(folder.Path);
        string[] arguments =
        [
            "compare", "--tasks", $"text={folder.Path}", "--model", Path.Combine(folder.Path, "model"), "--rows", "24", "--steps", "6",
            "--seeds", "1", "2", "--algorithms", "base*0.5", "sam:body/2", "--rhos", "sam=0.05", "--freeze", "1", "--label-noise", "0.2",
            "--typing-errors", "0.5", "--transfer", $"text:text={folder.Path}", "--output", Path.Combine(folder.Path, "out"),
        ];
        Parse(arguments);
        CompareJob.Run(_comparisons[0], EncoderSetup.Finder, default);
        var lines = TrialStore.ReadLines(Path.Combine(folder.Path, "out", "results.jsonl"));
        Assert.Equal(6, lines.Count);
        Assert.All(lines, line => Assert.Equal(
            ["brier", "ece", "ece-t", "f1_macro", "loss-t", "temperature", "text", "typing-errors"],
            line.Measures!.Keys.Order(StringComparer.Ordinal)));
        // The rows that it is measured on are letters, the small ones right; the same rows as another task's give the same score.
        Assert.All(lines, line => Assert.Equal((20, line.Score, line.Score), (line.Predictions!.Length,
            line.Predictions.Count(char.IsAsciiLetterLower) / 20.0, line.Measures!["text"])));
        var written = File.GetLastWriteTimeUtc(Path.Combine(folder.Path, "out", "results.jsonl"));
        Parse([.. arguments, "--resume"]);
        CompareJob.Run(_comparisons[1], EncoderSetup.Finder, default);
        Assert.Equal(lines.Select(line => line.Seconds), TrialStore.ReadLines(Path.Combine(folder.Path, "out", "results.jsonl"))
            .Select(line => line.Seconds));
    }

    /// <summary>Rows or steps alone keep the other as it is without arguments.</summary>
    [Fact]
    public void A_comparison_takes_rows_or_steps_alone()
    {
        Parse();
        Parse("compare", "--steps", "7");
        Parse("compare", "--rows", "30", "60");
        var size = Assert.Single(_comparisons[0].Sizes);
        Assert.Equal([size with { Steps = 7 }], _comparisons[1].Sizes);
        Assert.Equal([size with { Rows = 30 }, size with { Rows = 60 }], _comparisons[2].Sizes);
        Assert.Contains("do not match", Assert.Throws<ArgumentException>(() => Parse("compare", "--rows", "30", "--steps", "1", "2")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_transfer_needs_a_task_of_the_comparison_and_its_labels()
    {
        using var folder = new TemporaryFolder();
        WriteFiles(folder.Path);
        string[] arguments =
        [
            "compare", "--tasks", $"text={folder.Path}", "--model", Path.Combine(folder.Path, "model"), "--output", Path.Combine(folder.Path, "out"),
        ];
        void Refused(string transfer, string named)
        {
            Parse([.. arguments, "--transfer", transfer]);
            Assert.Contains(named, Assert.Throws<ArgumentException>(() => CompareJob.Run(_comparisons[^1], EncoderSetup.Finder, default)).Message,
                StringComparison.Ordinal);
        }
        Refused($"cr:text={folder.Path}", "cr:text=");
        Refused("text", "sst2:cr=");
        Refused("text:sentences", "no label");
    }

    /// <summary>The classifier trains whole beside the adapters.</summary>
    [Fact]
    public void Adapters_learn_and_the_merged_model_is_loaded_again()
    {
        using var folder = new TemporaryFolder();
        WriteFiles(folder.Path);
        var run = Path.Combine(folder.Path, "run");
        Parse("--task", "text", "--data", folder.Path, "--model", Path.Combine(folder.Path, "model"), "--learning-rate", "0.01", "--steps", "30",
            "--batch", "8", "--rho", "0.05", "--recipe", "sam", "--freeze", "embeddings", "--lora-rank", "2", "--output", run);
        FineTuneJob.Run(_runs[0], "Encoder", EncoderSetup.Finder, default);
        using var adapters = SafetensorsFile.Open(Path.Combine(run, "adapter", "adapter_model.safetensors"));
        Assert.Contains("base_model.model.encoder.layer.0.attention.self.query.lora_A.weight", adapters.Entries.Keys);
        Assert.Contains("base_model.model.classifier.weight", adapters.Entries.Keys);
        Assert.True(RunResult.Load(Path.Combine(run, "result.json")).Score > 0.9);
        using var merged = new FolderSource(Path.Combine(run, "model")).Create(["bad", "good"], seed: 1);
        Assert.DoesNotContain(merged.named_parameters(), item => item.name.Contains("lora", StringComparison.Ordinal));
    }

    [Fact]
    public void Several_tasks_are_refused()
    {
        Parse("--task", "cola,sst2", "--data", "x");
        Assert.Contains("one task", Assert.Throws<ArgumentException>(() => EncoderSetup.Finder(
            _runs[0].Run with { Model = RandomModel() }, default)([.. TaskSelection.Find(_runs[0])], [])).Message, StringComparison.Ordinal);
    }

    private void Parse(params string[] arguments)
    {
        var command = new FineTuneCommand(EncoderFace.Face, (request, _) => _runs.Add(request), (request, _) => _comparisons.Add(request));
        var result = command.Parse(arguments);
        Assert.Empty(result.Errors);
        result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).GetAwaiter().GetResult();
    }

    private static void WriteFiles(string folder)
    {
        WriteModel(Path.Combine(folder, "model"));
        var random = new Random(1);
        string Rows(int count) => "sentence\tlabel\n" + string.Concat(Enumerable.Range(0, count).Select(i =>
        {
            var label = i % 2 == 0 ? "good" : "bad";
            return $"{"abc"[random.Next(3)]} {label} {"abc"[random.Next(3)]}\t{label}\n";
        }));
        File.WriteAllText(Path.Combine(folder, "train.tsv"), Rows(60));
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), Rows(20));
    }

    private static string RandomModel()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        WriteModel(folder);
        return folder;
    }

    private static void WriteModel(string folder)
    {
        var tokenizer = new WordPieceTokenizer(
            Encoding.UTF8.GetBytes("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\ngood\nbad\n"), lowerCase: true, "test");
        using var generator = new Generator(7);
        using var model = EncoderModel.Random(
            new() { VocabularySize = 10, Width = 16, Layers = 2, Heads = 2, InnerWidth = 32, Positions = 16 }, generator, tokenizer.SeparatorId);
        EncoderFiles.Save(model, tokenizer, [], folder);
    }
}
