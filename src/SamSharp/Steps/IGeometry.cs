using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Turns a direction and a radius into a perturbation of the weights, and decides which parameters it touches.</summary>
[InDisposeScope]
public interface IGeometry : IStepPart
{
    /// <summary>The size of the ascent's direction, by which it is scaled to the radius. May replace the buckets' directions.</summary>
    /// <returns>A tensor without dimensions, on one device. Where it is 0 or not finite, e is 0.</returns>
    Tensor Norm(Ascent ascent);

    /// <summary>Writes w + e into the results of every bucket of <paramref name="ascent"/>. Weights that stay are written too.</summary>
    /// <param name="ascent">What <see cref="Norm"/> was given.</param>
    /// <param name="norm">What it returned.</param>
    void Perturb(Ascent ascent, Tensor norm);

    /// <summary>A number for how the geometry treats a parameter; parameters with different numbers never
    /// share a bucket. Default: 0 for all.</summary>
    int Treatment(ParameterSlot parameter) => 0;

    /// <summary>Whether a parameter is perturbed at all. If not, it does not count in any norm and is
    /// neither copied nor moved. Default: true.</summary>
    bool Perturbs(ParameterSlot parameter) => true;
}
