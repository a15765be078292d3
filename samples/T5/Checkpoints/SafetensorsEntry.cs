using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>One tensor of a safetensors file: its type, its shape and where its bytes lie.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes, row-major; empty for a scalar.</param>
/// <param name="Start">First byte, counted from the start of the file.</param>
/// <param name="ByteCount">Number of bytes.</param>
public sealed record SafetensorsEntry(string Name, ScalarType Type, IReadOnlyList<long> Shape, long Start, long ByteCount)
{
    /// <summary>The byte after the last.</summary>
    public long End => Start + ByteCount;
}
