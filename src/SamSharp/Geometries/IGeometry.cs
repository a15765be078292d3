using SamSharp.Parameters;
using static TorchSharp.torch;

namespace SamSharp.Geometries;

/// <summary>How a direction and a radius become a perturbation of the weights.</summary>
public interface IGeometry
{
    /// <summary>Writes w + e into the results of every list of <paramref name="ascent"/>.</summary>
    /// <returns>The norm of the direction that scaled e, on one device, without dimensions. Where it is 0 or not finite, e is 0.</returns>
    Tensor Perturb(Ascent ascent);

    /// <summary>Parameters of different treatment never share a list. Default: all alike.</summary>
    int Treatment(ParameterSlot slot) => 0;
}
