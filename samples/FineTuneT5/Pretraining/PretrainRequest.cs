using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Pretraining;

/// <summary>The settings of pre-training.</summary>
public sealed record PretrainRequest
{
    public required RunRequest Run { get; init; }

    /// <summary>Text files and folders of them.</summary>
    public required IReadOnlyList<string> Text { get; init; }

    /// <summary>Text files for the held-out loss; excluded from training even if <see cref="Text"/> names them.</summary>
    public IReadOnlyList<string> HeldOut { get; init; } = [];

    /// <summary>Number of held-out segments to measure.</summary>
    public int HeldOutRows { get; init; } = 512;

    /// <summary>Tasks to mix in, each <c>name=folder</c>.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>The share of each batch for the tasks' rows.</summary>
    public double TaskFraction { get; init; } = 0.25;

    public SpanCorruption Corruption { get; init; } = new();

    /// <summary>Whether <see cref="CooccurrenceVectors"/> of the text initialize a new model's embedding.</summary>
    public bool CooccurrenceEmbedding { get; init; }

    /// <summary>Type of the weights in <c>model/</c>; null: the run's type.</summary>
    public NumberTypes? ModelTypes { get; init; }

    public CheckpointRequest Checkpoints { get; init; } = new();

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
            throw new ArgumentException($"A batch of {Training.BatchSize} has no room for text besides {Tasks.Count} tasks: use a larger --batch " +
                "or a smaller --task-fraction.");
        Checkpoints.Validate();
    }
}
