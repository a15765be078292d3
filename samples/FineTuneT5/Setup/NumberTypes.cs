using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The types of weights (and optimizer state) and of activations.</summary>
/// <param name="Name">Its name on the command line.</param>
public sealed record NumberTypes(string Name, ScalarType Weights, ScalarType Activations)
{
    public static NumberTypes Full { get; } = new("float32", ScalarType.Float32, ScalarType.Float32);

    public static NumberTypes Half { get; } = new("bfloat16", ScalarType.BFloat16, ScalarType.BFloat16);

    public static NumberTypes Mixed { get; } = new("mixed", ScalarType.Float32, ScalarType.BFloat16);

    /// <summary>float32 weights and a scaled loss. It is not for T5: the inner layers of a pre-trained one exceed 65504, for which Hugging
    /// Face's implementation clamps hidden states.</summary>
    public static NumberTypes Float16 { get; } = new("float16", ScalarType.Float32, ScalarType.Float16);

    /// <summary>Those with float32's range, the most common first.</summary>
    public static IReadOnlyList<NumberTypes> Wide { get; } = [Full, Half, Mixed];

    /// <summary>All, for models whose activations stay small.</summary>
    public static IReadOnlyList<NumberTypes> All { get; } = [.. Wide, Float16];

    public int BytesPerWeight => Weights.ElementSize();

    /// <summary>What is wrong with a name; null if nothing is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="offered">The types that the model can have.</param>
    public static string? Objection(string name, IReadOnlyList<NumberTypes> offered) => offered.Any(types => types.Name == name) ? null
        : name is "float16" or "fp16" or "half" && !offered.Contains(Float16)
            ? $"float16 is not offered: the inner layers of a pre-trained T5 exceed its largest number, 65504. Take {Mixed.Name} or {Half.Name}."
            : $"--dtype is '{name}': it must be {string.Join(" or ", offered.Select(types => types.Name))}.";

    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static NumberTypes Of(string name) => Objection(name, All) is { } objection ? throw new ArgumentException(objection)
        : All.First(types => types.Name == name);
}
