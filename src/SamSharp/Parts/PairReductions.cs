using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Numbers and linear combinations of the two gradients, over all parameters that both passes have reached.</summary>
internal static class PairReductions
{
    /// <summary>The inner product of g and g+.</summary>
    public static Tensor Product(this Descent descent) => descent.Sum(list =>
    {
        var pairs = list.Pairs();
        return descent.Kernels.Dot(pairs.AtWeights, pairs.AtPerturbed);
    });

    /// <summary>||g||.</summary>
    public static Tensor NormAtWeights(this Descent descent) => descent.GlobalNorm(list => descent.Kernels.Norm(list.Pairs().AtWeights));

    /// <summary>||g+||.</summary>
    public static Tensor NormAtPerturbed(this Descent descent) => descent.GlobalNorm(list => descent.Kernels.Norm(list.Pairs().AtPerturbed));

    /// <summary>The share c of v that lies along a vector of the given norm: product / norm^2, and 0 where the norm is 0.</summary>
    public static Tensor Along(this Descent descent, Tensor product, Tensor norm)
    {
        var inverse = descent.Kernels.Scale(norm, 1, 0);
        return product * inverse * inverse; // in this order, which neither overflows nor makes NaN of small norms
    }

    /// <summary>g+ := own g+ + other g, what the base optimizer gets.</summary>
    public static void Mix(this Descent descent, Tensor own, Tensor other)
    {
        foreach (var list in descent.Lists)
        {
            var pairs = list.Pairs();
            descent.Kernels.Mix(pairs.AtPerturbed, Pass.Factor(list, own), pairs.AtWeights, Pass.Factor(list, other));
        }
    }

    /// <summary>vectors := factor vectors.</summary>
    public static void Multiply(this Descent descent, TensorList list, Tensor[] vectors, Tensor factor) =>
        descent.Kernels.Mix(vectors, Pass.Factor(list, factor), vectors, Pass.Factor(list, 0));
}
