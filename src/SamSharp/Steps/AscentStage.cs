using static TorchSharp.torch;

namespace SamSharp;

/// <summary>One of several ascents that follow each other in a step, each from where the last one ended.</summary>
/// <param name="Closure">The loss that is climbed; calls <c>backward()</c> and returns the loss.</param>
/// <param name="Scale">Multiple of the step's radius: finite and positive. Default 1.</param>
public sealed record AscentStage(Func<Tensor> Closure, double Scale = 1);
