using static TorchSharp.torch;

namespace SamSharp.Batches;

/// <summary>One part of a batch for m-SAM, where each part has a perturbation of its own.</summary>
/// <param name="Closure">Computes the mean loss of the part, calls <c>backward()</c> and returns the loss.</param>
/// <param name="Weight">Its share in the final gradient, relative to the other parts': its number of rows when parts differ. Default 1.</param>
public readonly record struct BatchPart(Func<Tensor> Closure, double Weight = 1);
