using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Pretraining;

/// <summary>What a pre-training run reads. Whatever is wrong with the files or the machine shows while loading it, before anything is written.</summary>
/// <param name="Text">Segments to train on.</param>
/// <param name="HeldOut">Segments of other files; empty where none are named.</param>
/// <param name="Tasks">The rows of each task that is mixed in.</param>
public sealed record PretrainInputs(
    T5Tokenizer Tokenizer,
    ModelSource Source,
    T5Config Config,
    Device Device,
    NumberTypes Types,
    IReadOnlyList<ReadOnlyMemory<int>> Text,
    IReadOnlyList<ReadOnlyMemory<int>> HeldOut,
    IReadOnlyList<IReadOnlyList<EncodedExample>> Tasks)
{
    public static PretrainInputs Load(PretrainRequest request, CancellationToken cancellation)
    {
        var device = Devices.Find(request.Device);
        var types = NumberTypes.Of(request.DType);
        var source = new ModelSource(request.Model, request.Tokenizer, cancellation);
        var tokenizer = T5Tokenizer.Load(source.Vocabulary);
        var config = source.Config(tokenizer.VocabularySize);
        if (request.CooccurrenceEmbedding && !source.IsFresh)
            throw new ArgumentException($"--cooccurrence-embedding is for a fresh model: that of {request.Model} has an embedding already.");
        if (request.Device == "cpu")
            MemoryCheck.Require(request.Model, config, request.Training, types.BytesPerWeight);

        var longest = request.Corruption.SegmentLength(request.Training.MaxSourceLength);
        var heldOut = TextFiles.Find(request.HeldOut);
        var text = TextFiles.Find(request.Text).Except(heldOut);
        IReadOnlyList<ReadOnlyMemory<int>> Segments(IEnumerable<string> files)
            => [.. files.SelectMany(file => TextSegments.Cut(TextFiles.Encode(file, tokenizer), longest))];
        var inputs = new PretrainInputs(tokenizer, source, config, device, types, Segments(text), Segments(heldOut),
            [.. request.Tasks.Select(named => Rows(named, tokenizer, request.Training))]);
        return inputs.Text.Count > 0
            ? inputs
            : throw new InvalidDataException($"There is no text to train on in {string.Join(", ", request.Text)}, held-out files left out: name more with --text.");
    }

    private static IReadOnlyList<EncodedExample> Rows(string named, T5Tokenizer tokenizer, TrainingOptions options)
        => named.Split('=', 2) is [var task, var folder]
            ? options.Encode(
                TaskCatalog.Find(task).Load(folder, Split.Train, notice => Console.Error.WriteLine($"FineTuneT5: {notice}")), tokenizer)
            : throw new ArgumentException($"--mix is '{named}': give a task and its folder, for instance sst2=data/SST-2.");
}
