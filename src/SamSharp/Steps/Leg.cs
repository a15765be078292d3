using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One of several consecutive ascents of a further pass.</summary>
/// <param name="Vectors">What a parameter climbs along; null counts as 0.</param>
/// <param name="Scale">Multiple of the step's radius. Default 1.</param>
/// <param name="Geometry">How vectors become a perturbation. Default: the recipe's geometry.</param>
internal readonly record struct Leg(Func<ParameterSlot, Tensor?> Vectors, double Scale = 1, IGeometry? Geometry = null);
