namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The settings that all training commands share: model, device, and where files go.</summary>
public sealed record RunRequest
{
    /// <summary>A named size, a <c>config.json</c>, a folder, or a name on the Hugging Face hub.</summary>
    public required string Model { get; init; }

    /// <summary>A <c>spiece.model</c>; null uses the model folder's, or the bundled one for a new model.</summary>
    public string? Tokenizer { get; init; }

    public required string Output { get; init; }

    public bool Resume { get; init; }

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = Devices.Cpu;

    public NumberTypes Types { get; init; } = NumberTypes.Full;
}
