using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The further points of first-order flatness, the slope of the largest gradient norm near w, which GAM and C-Flat descend.</summary>
internal static class FlatnessPoints
{
    /// <summary>The gradients at p, which lies along g+ - g from w, and at the end of an ascent from p.</summary>
    /// <param name="descent">The descent, with the gradients at w and at w + e.</param>
    /// <param name="reach">The distance of p as a multiple of the radius.</param>
    public static (PointGradients AtPoint, PointGradients AfterAscent) Of(Descent descent, double reach)
    {
        var growth = new Dictionary<ParameterSlot, Tensor>();
        foreach (var pair in descent.Pairs)
        {
            for (var i = 0; i < pair.Parameters.Count; i++) growth[pair.Parameters[i]] = pair.AtPerturbed[i].sub(pair.AtWeights[i]);
        }
        var toPoint = new Leg(growth.GetValueOrDefault, reach);
        var atPoint = descent.AtEndOf(toPoint);
        return (atPoint, descent.AtEndOf(toPoint, new Leg(atPoint.Find)));
    }
}
