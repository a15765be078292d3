using Parquet.Serialization;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Tests.Training;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>Damaged parquet files, and checkpoints of a run with one damaged file: read, or refused by path.</summary>
[Trait("Category", "Reliability")]
public sealed class FolderFuzzTests : TrainerFixture, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Damaged_parquet_files_are_read_or_refused(bool footer)
    {
        using var file = new MemoryStream();
        await ParquetSerializer.SerializeAsync(Enumerable.Range(0, 40).Select(i =>
        new Row
        {
            sentence = $"a good one {i}",
            label = i % 2,
            answers = ["x", $"y{i}"],
            place = i % 3 == 0 ? null : new() { text = "t", start = i },
        }), file);
        var path = Path.Combine(_folder.Path, "train.parquet");
        byte[] whole = [.. file.ToArray()];
        // The footer is at the end, and most of what a library trusts lies there.
        var size = BitConverter.ToInt32(whole.AsSpan(whole.Length - 8)) + 8;
        DamagedFiles.Try(path, whole, () => Assert.InRange(ParquetFile.Read(path).Count(), 0, 10_000), footer ? size : null, fromEnd: footer);
    }

    /// <summary>Among what a reader may skip: two thousand million elements that take no byte each.</summary>
    [Fact]
    public void A_parquet_file_that_says_more_than_it_holds_is_refused_at_once()
    {
        byte[] footer = [0x15, 2, 0xD9, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0];
        var path = Path.Combine(_folder.Path, "train.parquet");
        File.WriteAllBytes(path, [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);
        var error = Assert.Throws<FormatException>(() => ParquetFile.Read(path).ToList());
        Assert.Contains($"{path}: it is not a readable parquet file (its metadata end too early)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.bin")]
    [InlineData("training.json")]
    [InlineData("metrics.jsonl")]
    public void Checkpoints_with_a_damaged_file_are_resumed_or_refused(string name)
    {
        using (var model = NewModel())
        using (var trainer = NewTrainer(model, Options, Folder(_folder, "run"), checkpoint: null, saveEvery: 5))
            trainer.Run();
        var checkpoint = Folder(_folder, "run").LatestCheckpoint!;
        var path = Path.Combine(checkpoint, name);
        DamagedFiles.Try(path, File.ReadAllBytes(path), () =>
        {
            using var scope = NewDisposeScope();
            TrainingFolder.LoadState(checkpoint);
            TrainingFolder.LoadMetrics(checkpoint);
            using var model = T5Checkpoint.Load(checkpoint);
            using var trainer = NewTrainer(model, Options, Folder(_folder, "run"), checkpoint);
        }, isOwn: error => error is ArgumentException && error.Message.StartsWith("Cannot resume: ", StringComparison.Ordinal));
    }

#pragma warning disable IDE1006, CA1812 // the hub's own names
    private sealed class Place
    {
        public string? text { get; set; }
        public int start { get; set; }
    }

    private sealed class Row
    {
        public string? sentence { get; set; }
        public int label { get; set; }
        public List<string> answers { get; set; } = [];
        public Place? place { get; set; }
    }
#pragma warning restore IDE1006, CA1812
}
