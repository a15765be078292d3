namespace SamSharp.Samples.T5.Generation;

/// <summary>How to generate text. The defaults are Hugging Face's, except for the length.</summary>
public sealed record GenerationOptions
{
    /// <summary>Maximum number of tokens in the result, not counting the start token.</summary>
    public int MaxNewTokens { get; init; } = 32;

    /// <summary>Hypotheses kept per row; 1 is greedy search.</summary>
    public int NumBeams { get; init; } = 1;

    /// <summary>A hypothesis scores log p / length^this: above 0 favors long results, below 0 short ones.</summary>
    public double LengthPenalty { get; init; } = 1.0;

    /// <summary>Stop as soon as enough hypotheses have finished, not only when no running one can still win.</summary>
    public bool EarlyStopping { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(NumBeams);
        if (!double.IsFinite(LengthPenalty))
            throw new ArgumentOutOfRangeException(nameof(LengthPenalty), LengthPenalty, "The length penalty must be a finite number.");
    }
}
