using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>What weights and optimizer state, and what activations, are made of.</summary>
public readonly record struct NumberTypes(ScalarType Weights, ScalarType Activations)
{
    public const string Full = "float32";
    public const string Half = "bfloat16";

    /// <summary>float32 weights, bfloat16 activations.</summary>
    public const string Mixed = "mixed";

    public int BytesPerWeight => Weights == ScalarType.BFloat16 ? 2 : 4;

    /// <summary>The types by the names of the command line.</summary>
    public static NumberTypes Of(string name) => name switch
    {
        Half => new(ScalarType.BFloat16, ScalarType.BFloat16),
        Mixed => new(ScalarType.Float32, ScalarType.BFloat16),
        _ => new(ScalarType.Float32, ScalarType.Float32),
    };
}
