using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Which examples of a batch a pass is made on, and how much each counts. Its tensors are freed with the step.</summary>
/// <param name="Rows">The numbers of the examples, int64, shape [rows]; null for all.</param>
/// <param name="Weights">What each of these counts, shape [rows], without history; null for all alike. The pass's loss is mean(weight * loss).</param>
public readonly record struct ExampleSubset(Tensor? Rows = null, Tensor? Weights = null);
