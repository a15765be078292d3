using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Pretraining;

/// <summary>
/// The inputs of a pre-training run. Loading them finds problems with files and machine before anything is written.
/// </summary>
/// <param name="Text">Segments to train on.</param>
/// <param name="HeldOut">Segments of held-out files; empty if none are given.</param>
/// <param name="Tasks">The rows of each mixed task.</param>
public sealed record PretrainInputs(
    RunSetup Setup,
    IReadOnlyList<ReadOnlyMemory<int>> Text,
    IReadOnlyList<ReadOnlyMemory<int>> HeldOut,
    IReadOnlyList<IReadOnlyList<EncodedExample>> Tasks)
{
    public static PretrainInputs Load(PretrainRequest request, CancellationToken cancellation)
    {
        var setup = RunSetup.Load(request.Run, cancellation);
        if (request.CooccurrenceEmbedding && !setup.Source.IsFresh)
            throw new ArgumentException($"--cooccurrence-embedding is for a new model: {request.Run.Model} already has an embedding.");
        setup.RequireMemory(request.Run.Model, request.Training);

        var longest = request.Corruption.SegmentLength(request.Training.MaxSourceLength);
        var heldOut = TextFiles.Find(request.HeldOut);
        var text = TextFiles.Find(request.Text).Except(heldOut);
        IReadOnlyList<ReadOnlyMemory<int>> Segments(IEnumerable<string> files) =>
            [.. files.SelectMany(file => TextSegments.Cut(TextFiles.Encode(file, setup.Tokenizer, Notice), longest))];
        var inputs = new PretrainInputs(setup, Segments(text), Segments(heldOut),
            [.. request.Tasks.Select(named => Rows(named, setup.Tokenizer, request.Training))]);
        return inputs.Text.Count > 0
            ? inputs
            : throw new InvalidDataException(
                $"There is no text to train on in {string.Join(", ", request.Text)}apart from held-out files: name more with --text.");
    }

    private static IReadOnlyList<EncodedExample> Rows(string named, T5Tokenizer tokenizer, TrainingOptions options) =>
        named.Split('=', 2) is [var task, var folder]
            ? options.Encode(
                TaskCatalog.Find(task).Load(folder, Split.Train, Notice), tokenizer)
            : throw new ArgumentException($"--mix is '{named}': give a task and its folder, for instance sst2=data/SST-2.");

    private static void Notice(string text) => Console.Error.WriteLine($"{ProgramName.Text}: {text}");
}
