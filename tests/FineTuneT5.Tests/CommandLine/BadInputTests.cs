using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Setup;
using TorchSharp;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

public sealed class BadInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => Path.Combine(_folder.Path, "run");

    [Theory]
    [InlineData("--task", "sst3", "sst3", "sst2")]
    [InlineData("--task", "sst2", "--task sst2 needs --data", "folder")]
    [InlineData("--task", "sst2,sst2", "sst2 twice", "--task")]
    [InlineData("--mixture-cap", "10", "--mixture-cap is for several tasks", "--task cola,sst2,mrpc")]
    [InlineData("--prompt", "x: {sentence}", "--prompt and --label-column are for --task text", "their own")]
    [InlineData("--label-words", "0=a", "--label-words is for --task text", "their own")]
    [InlineData("--keep-best", "f1", "'f1'", "accuracy, loss")]
    [InlineData("--label-smoothing", "1", "label smoothing is 1", "[0, 1)")]
    [InlineData("--dropout", "1", "dropout is 1", "[0, 1)")]
    [InlineData("--patience", "2", "Patience counts evaluations", "how often to evaluate")]
    [InlineData("--model", "gigantic", "gigantic", "tiny")]
    [InlineData("--optimizer", "adamax2", "adamax2", "adamw")]
    [InlineData("--schedule", "square", "square", "linear")]
    [InlineData("--rho", "-0.1", "rho is -0.1", "0")]
    [InlineData("--lora-rank", "0", "rank is 0", "at least 1")]
    [InlineData("--lora-alpha", "8", "Alpha scales adapters", "set their rank")]
    [InlineData("--rho", "NaN", "rho is NaN", "0")]
    [InlineData("--ascent-fraction", "0", "fraction is 0", "(0, 1]")]
    [InlineData("--ascent-fraction", "1.5", "fraction is 1.5", "(0, 1]")]
    [InlineData("--ascent-rows", "0", "ascent are 0", "at least 1")]
    [InlineData("--average-from", "1", "from 1", "[0, 1)")]
    [InlineData("--train-fraction", "-1", "fraction is -1", "(0, 1]")]
    [InlineData("--train-rows", "100000", "100000", "801")]
    [InlineData("--steps", "many", "many", "--steps")]
    [InlineData("--rho", "0,05", "--rho is '0,05'", "such as 0.05")]
    [InlineData("--learning-rate", "0,01", "--learning-rate is '0,01'", "such as 0.05")]
    [InlineData("--train-rows", "1,000", "--train-rows is '1,000'", "a whole number")]
    [InlineData("--patience", "2.5", "--patience is '2.5'", "a whole number")]
    [InlineData("--device", "tpu", "tpu", "cpu")]
    [InlineData("--dtype", "float16", "exceed its largest number, 65504", "mixed or bfloat16")]
    [InlineData("--dtype", "int8", "int8", "bfloat16")]
    [InlineData("--learning-rat", "1", "There is no option --learning-rat; did you mean --learning-rate?", "--help")]
    [InlineData("--learning_rate", "1", "did you mean --learning-rate?", "--help")]
    [InlineData("--Rho", "1", "did you mean --rho?", "--help")]
    [InlineData("--schedul=cosine", "1", "There is no option --schedul", "did you mean --schedule?")]
    [InlineData("--train-r", "1", "did you mean --train-rows?", "--help")]
    [InlineData("--seed", "--sede", "There is no option --sede; did you mean --seed?", "--help")]
    [InlineData("--zzzzzz", "1", "There is no option --zzzzzz.", "--help")]
    [InlineData("compar", "1", "There is no command compar; did you mean compare?", "--help")]
    [InlineData("compare", "--ouput", "There is no option --ouput; did you mean --output?", "--help")]
    public void Wrong_usage_exits_with_2_and_names_the_value_and_the_remedy(string option, string value, string named, string remedy)
        => Refused(2, [option, value], named, remedy);

    [Theory]
    [InlineData("0=bad,0=good", "'0' twice")]
    [InlineData("0=bad,1=bad", "'bad' twice")]
    public void Labels_and_words_come_once(string pairs, string named)
        => Refused(2, ["--task", "text", "--data", _folder.Path, "--label-words", pairs], "--label-words has", named);

    [Theory]
    [InlineData("--rhos")]
    [InlineData("--learning-rates")]
    public void Names_of_a_comparison_s_numbers_come_once(string option)
        => Refused(2, ["compare", option, "sam=0.1", option, "sam=0.2"], option, "sam twice");

    /// <summary>What the runtime refuses is no wrong usage, whatever its type.</summary>
    [Fact]
    public void Arguments_that_the_runtime_refuses_are_a_fault_of_the_program()
    {
        var fault = Record.Exception(() => new[] { 1, 1 }.ToDictionary(number => number));
        Assert.Equal(1, ErrorReport.Write(fault!, trace: false));
        Assert.Equal(2, ErrorReport.Write(Record.Exception(() => NumberTypes.Of("float7"))!, trace: false));
    }

    [Fact]
    public void Two_options_that_exclude_each_other_are_wrong_usage()
        => Refused(2, ["--steps", "10", "--epochs", "1"], "--steps", "--epochs");

    [Fact]
    public void A_missing_data_folder_fails()
        => Refused(1, ["--data", Path.Combine(_folder.Path, "nowhere")], "nowhere", "folder");

    [Fact]
    public void A_missing_model_folder_fails()
        => Refused(1, ["--model", Path.Combine(_folder.Path, "nowhere")], "nowhere", "config.json");

    [Fact]
    public void Wrong_columns_fail()
    {
        _folder.Write("data/train.tsv", "text\tlabel\na good day\t1\n");
        Refused(1, ["--data", Path.Combine(_folder.Path, "data")], "train.tsv", "sentence");
    }

    [Fact]
    public void An_empty_file_fails()
    {
        _folder.Write("data/train.tsv", "");
        Refused(1, ["--data", Path.Combine(_folder.Path, "data")], "train.tsv", "empty");
    }

    [Fact]
    public void A_model_too_large_for_memory_fails_before_it_is_allocated()
    {
        _folder.Write("huge/config.json", """
            {"vocab_size": 32128, "d_model": 65536, "d_kv": 128, "num_heads": 512, "d_ff": 262144, "num_layers": 96, "num_decoder_layers": 96,
             "relative_attention_num_buckets": 32, "dropout_rate": 0.1, "layer_norm_epsilon": 1e-6, "feed_forward_proj": "relu",
             "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
            """);
        Refused(1, ["--model", Path.Combine(_folder.Path, "huge"), "--tokenizer", BundledData.Vocabulary], "GB", "smaller model");
    }

    [SkippableFact]
    public void Cuda_where_there_is_none_fails()
    {
        Skip.If(torch.cuda.is_available(), "this machine has CUDA");
        Refused(1, ["--device", "cuda"], "cuda", "--device cpu");
    }

    [SkippableFact]
    public void A_full_disk_fails_and_leaves_nothing_half_written()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the limit on file sizes is set by a Unix shell");
        // The model has 3 MB.
        var result = FineTuneProgram.RunWithFileLimit(1000, "--output", Output, "--steps", "2", "--batch", "2", "--train-rows", "4").Expect(1);
        Assert.Single(Lines(result.Error));
        Assert.Contains("Could not save", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Output, "checkpoints")));
        Assert.False(Directory.Exists(Path.Combine(Output, "model")));
        Assert.Equal('\n', File.ReadAllText(Path.Combine(Output, "metrics.jsonl"))[^1]);
    }

    [Fact]
    public void A_folder_that_holds_a_run_is_not_overwritten()
    {
        _folder.Write("run/metrics.jsonl", "kept");
        var result = FineTuneProgram.Run("--output", Output, "--steps", "2").Expect(2);
        Assert.Contains("--resume", result.Error, StringComparison.Ordinal);
        Assert.Equal("kept", File.ReadAllText(Path.Combine(Output, "metrics.jsonl")));
    }

    [Fact]
    public void The_stack_is_shown_when_asked_for()
    {
        var result = FineTuneProgram.Run("--data", Path.Combine(_folder.Path, "nowhere"), "--trace").Expect(1);
        Assert.Contains("   at ", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void Refused(int code, string[] arguments, string named, string remedy)
    {
        var result = FineTuneProgram.Run([.. arguments, "--output", Output]).Expect(code);
        Assert.InRange(Lines(result.Error).Length, 1, 2);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.Contains(remedy, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("?.", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output), "Something was written.");
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
