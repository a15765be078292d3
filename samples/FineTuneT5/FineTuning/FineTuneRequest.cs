using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>The settings of fine-tuning.</summary>
public sealed record FineTuneRequest
{
    public required RunRequest Run { get; init; }

    /// <summary>A task, or several separated by commas.</summary>
    public required string Task { get; init; }

    /// <summary>The prompt of the task <c>text</c>, columns in braces.</summary>
    public string? Prompt { get; init; }

    /// <summary>The labels of the task <c>text</c> with their words, <c>0=negative</c>; empty: the labels are the words.</summary>
    public IReadOnlyList<string> LabelWords { get; init; } = [];

    /// <summary>The column of the labels of the task <c>text</c>.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>The task's folder; null uses the bundled data set.</summary>
    public string? Data { get; init; }

    /// <summary>Whether to draw the loss around each run's final weights.</summary>
    public bool Landscape { get; init; }

    /// <summary>Folders of other runs whose landscapes are drawn beside.</summary>
    public IReadOnlyList<string> LandscapeBeside { get; init; } = [];

    public required IReadOnlyList<int> Seeds { get; init; }

    public int? TrainRows { get; init; }

    public double? TrainFraction { get; init; }

    public double? Epochs { get; init; }

    /// <summary>The part of the training labels that is replaced by wrong ones.</summary>
    public double LabelNoise { get; init; }

    public CheckpointRequest Checkpoints { get; init; } = new();

    /// <summary>Held-out metrics whose best model is kept.</summary>
    public IReadOnlyList<string> KeepBest { get; init; } = [];

    /// <summary>Options of the sharpness-aware run; the seed and, if epochs are given, the steps are filled in later.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The requested number of training rows, out of those available.</summary>
    /// <exception cref="ArgumentException">There are too few.</exception>
    public int RowCount(int available)
    {
        var count = TrainFraction is { } fraction
            ? Math.Max(1, (int)Math.Round(available * fraction))
            : TrainRows ?? available;
        return count <= available
            ? count
            : throw new ArgumentException($"--train-rows is {count}, but there are only {available} training rows.");
    }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Training.Validate();
        if (TrainFraction is { } fraction && !(fraction is > 0 and <= 1))
            throw new ArgumentException($"--train-fraction is {fraction}: it must be in (0, 1].");
        if (!(LabelNoise is >= 0 and < 1))
            throw new ArgumentException($"--label-noise is {LabelNoise}: it must be in [0, 1), for instance 0.2.");
        if (TrainRows is < 1)
            throw new ArgumentException($"--train-rows is {TrainRows}: it must be at least 1.");
        if (Epochs is { } epochs && !(epochs > 0 && double.IsFinite(epochs)))
            throw new ArgumentException($"--epochs is {epochs}: it must be a positive number.");
        if (LandscapeBeside.Count > 0 && !Landscape)
            throw new ArgumentException("--landscape-beside needs --landscape: it draws other runs beside this one.");
        Checkpoints.Validate();
        if (Seeds.Distinct().Count() != Seeds.Count)
            throw new ArgumentException($"--seed names a seed twice: {string.Join(' ', Seeds)}.");
    }
}
