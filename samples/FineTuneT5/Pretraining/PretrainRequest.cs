using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Pretraining;

/// <summary>What the command line asks to pre-train.</summary>
public sealed record PretrainRequest
{
    /// <summary>A named size, a <c>config.json</c> of a shape, a folder, or a name in the Hugging Face cache.</summary>
    public required string Model { get; init; }

    /// <summary>A <c>spiece.model</c>; null takes the model folder's, or the carried one for a fresh model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Text files and folders of them.</summary>
    public required IReadOnlyList<string> Text { get; init; }

    /// <summary>Text files that are measured and not trained on, even where <see cref="Text"/> names them.</summary>
    public IReadOnlyList<string> HeldOut { get; init; } = [];

    /// <summary>How many held-out segments to measure.</summary>
    public int HeldOutRows { get; init; } = 512;

    /// <summary>Tasks to mix in, each <c>name=folder</c>.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>The part of each batch that is made of the tasks' rows.</summary>
    public double TaskFraction { get; init; } = 0.25;

    public SpanCorruption Corruption { get; init; } = new();

    /// <summary>Whether a fresh model's embedding begins at <see cref="CooccurrenceVectors"/> of the text.</summary>
    public bool CooccurrenceEmbedding { get; init; }

    public required string Output { get; init; }

    public bool Resume { get; init; }

    public string Device { get; init; } = "cpu";

    public string DType { get; init; } = "float32";

    /// <summary>Type of the weights in <c>model/</c>; null is <see cref="DType"/>.</summary>
    public string? ModelDType { get; init; }

    public int SaveEvery { get; init; }

    public int Keep { get; init; } = 2;

    public required TrainingOptions Training { get; init; }

    /// <summary>Rows of each task in a batch; 0 without tasks.</summary>
    public int RowsOfTask => Tasks.Count == 0 ? 0 : Math.Max(1, (int)Math.Round(Training.BatchSize * TaskFraction / Tasks.Count));

    /// <summary>Rows of text in a batch.</summary>
    public int RowsOfText => Training.BatchSize - (Tasks.Count * RowsOfTask);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Training.Validate();
        Corruption.Validate();
        _ = Corruption.SegmentLength(Training.MaxSourceLength);
        if (Text.Count == 0)
            throw new ArgumentException("--text is missing: name the files, or the folders of *.txt files, to pre-train on.");
        if (HeldOutRows < 1)
            throw new ArgumentException($"--held-out-rows is {HeldOutRows}: it must be at least 1.");
        if (!(TaskFraction is > 0 and < 1))
            throw new ArgumentException($"--task-fraction is {TaskFraction}: it must be in (0, 1).");
        if (RowsOfText < 1)
            throw new ArgumentException($"A batch of {Training.BatchSize} has no room for text beside {Tasks.Count} tasks: take a larger --batch or a smaller --task-fraction.");
        if (SaveEvery < 0)
            throw new ArgumentException($"--save-every is {SaveEvery}: it must be 0 (at the end only) or more.");
        if (Keep < 1)
            throw new ArgumentException($"--keep is {Keep}: it must be at least 1.");
    }
}
