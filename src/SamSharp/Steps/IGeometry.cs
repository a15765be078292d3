using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>How a direction and a radius become a perturbation of the weights, and which parameters it touches.</summary>
[InDisposeScope]
public interface IGeometry : IStepPart
{
    /// <summary>The size of the ascent's direction, by which it is scaled to the radius. May replace the buckets' directions.</summary>
    /// <returns>On one device, without dimensions. Where it is 0 or not finite, e is 0.</returns>
    Tensor Norm(Ascent ascent);

    /// <summary>Writes w + e into the results of every bucket of <paramref name="ascent"/>. Weights that stay are written too.</summary>
    /// <param name="ascent">What <see cref="Norm"/> was given.</param>
    /// <param name="norm">What it returned.</param>
    void Perturb(Ascent ascent, Tensor norm);

    /// <summary>Parameters of different treatment never share a bucket. Default: all alike.</summary>
    int Treatment(ParameterSlot parameter) => 0;

    /// <summary>Whether a parameter is perturbed at all. One that is not counts in no norm, and is neither copied nor moved. Default: all are.</summary>
    bool Perturbs(ParameterSlot parameter) => true;
}
