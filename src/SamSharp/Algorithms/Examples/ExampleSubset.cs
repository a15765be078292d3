using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The examples of a batch that a pass uses, and how much each counts. Its tensors are freed with the step.</summary>
/// <param name="Rows">The indices of the examples, int64, shape [rows]; null for all.</param>
/// <param name="Weights">The weight of each of these examples, shape [rows], without history; null for equal weights.
/// The pass's loss is mean(weight * loss).</param>
public readonly record struct ExampleSubset(Tensor? Rows = null, Tensor? Weights = null);
