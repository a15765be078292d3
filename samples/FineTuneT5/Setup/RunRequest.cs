namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>What all commands that train ask for: which model, where to compute, and where the files go.</summary>
public sealed record RunRequest
{
    /// <summary>A named size, a <c>config.json</c> of a shape, a folder, or a name in the Hugging Face cache.</summary>
    public required string Model { get; init; }

    /// <summary>A <c>spiece.model</c>; null takes the model folder's, or the carried one for a fresh model.</summary>
    public string? Tokenizer { get; init; }

    public required string Output { get; init; }

    public bool Resume { get; init; }

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = Devices.Cpu;

    public NumberTypes Types { get; init; } = NumberTypes.Full;
}
