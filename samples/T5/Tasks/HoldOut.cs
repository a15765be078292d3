using SamSharp.Samples.T5.Data;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>How to set validation rows apart from the training rows of a data set that has none: by default the last tenth.</summary>
public sealed record HoldOut
{
    private const int Seed = 1;

    /// <summary>A published split: if the training set has the given total, this many of its first rows train.</summary>
    public (int Rows, int Train)? Published { get; init; }

    /// <summary>Shuffles first, always in the same way; for files sorted by label.</summary>
    public bool Shuffled { get; init; }

    /// <summary>Also sets test rows apart.</summary>
    public bool WithTest { get; init; }

    /// <summary>The rows of a split.</summary>
    public IReadOnlyList<T> Part<T>(IReadOnlyList<T> rows, Split split)
    {
        var shuffled = rows.ToArray();
        if (Shuffled)
            new Random(Seed).Shuffle(shuffled);
        var part = rows.Count / 10;
        var train = Published is { } published && published.Rows == rows.Count
            ? published.Train
            : rows.Count - (WithTest ? 2 * part : part);
        return split switch
        {
            Split.Train => shuffled[..train],
            Split.Validation => shuffled[train..(WithTest ? train + part : rows.Count)],
            _ => WithTest ? shuffled[(train + part)..] : [],
        };
    }
}
