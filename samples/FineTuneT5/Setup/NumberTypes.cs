using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The types of weights (and optimizer state) and of activations.</summary>
/// <remarks>float16 is left out: the inner layers of a pre-trained T5 exceed 65504, for which Hugging Face's implementation
/// clamps hidden states. bfloat16 has float32's range and needs no loss scale.</remarks>
/// <param name="Name">Its name on the command line.</param>
public sealed record NumberTypes(string Name, ScalarType Weights, ScalarType Activations)
{
    public static NumberTypes Full { get; } = new("float32", ScalarType.Float32, ScalarType.Float32);

    public static NumberTypes Half { get; } = new("bfloat16", ScalarType.BFloat16, ScalarType.BFloat16);

    public static NumberTypes Mixed { get; } = new("mixed", ScalarType.Float32, ScalarType.BFloat16);

    /// <summary>All, the most common first.</summary>
    public static IReadOnlyList<NumberTypes> All { get; } = [Full, Half, Mixed];

    public int BytesPerWeight => Weights.ElementSize();

    /// <summary>What is wrong with a name; null if nothing is.</summary>
    public static string? Objection(string name) => All.Any(types => types.Name == name) ? null
        : name is "float16" or "fp16" or "half"
            ? $"float16 is not offered: the inner layers of a pre-trained T5 exceed its largest number, 65504. Take {Mixed.Name} or {Half.Name}."
            : $"--dtype is '{name}': it must be {string.Join(" or ", All.Select(types => types.Name))}.";

    /// <exception cref="ArgumentException">The name is unknown, or float16.</exception>
    public static NumberTypes Of(string name) => Objection(name) is { } objection ? throw new ArgumentException(objection)
        : All.First(types => types.Name == name);
}
