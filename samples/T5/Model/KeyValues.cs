using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>What attention looks at: keys and values, each [batch, heads, length, head width].</summary>
internal readonly record struct KeyValues(Tensor Keys, Tensor Values);
