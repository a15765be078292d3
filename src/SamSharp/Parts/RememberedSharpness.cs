using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// LookSAM: a sharpness-aware step leaves behind the part of its gradient that is orthogonal to g, v = g+ - (&lt;g, g+&gt; / ||g||^2) g, which changes slowly; the plain steps that follow, with one pass
/// each, use it again: g + alpha (||g|| / ||v||) v (Liu, Mai, Chen, Hsieh, You, "Towards Efficient and Scalable Sharpness-Aware Minimization", 2022). Which steps are which is the radius schedule's affair.
/// </summary>
/// <remarks>
/// The paper, and MarlonBecker/MSAM, project the whole gradient at once, the default here. rollovd/LookSAM and kozistr/pytorch_optimizer project each tensor by itself and add 1e-8 to ||v||:
/// <paramref name="perTensor"/> with a <paramref name="normFloor"/> of 1e-8. Where v is no more than rounding, as when the Hessian is a multiple of the identity, nothing is added.
/// </remarks>
/// <param name="alpha">How much of v is used again. Default 0.7 (rollovd, kozistr; MarlonBecker/MSAM's script has 0.2).</param>
/// <param name="perTensor">See the remarks. Default false.</param>
/// <param name="normFloor">Added to ||v||. Default 0.</param>
/// <exception cref="ArgumentOutOfRangeException">alpha or normFloor is negative or not finite.</exception>
public sealed class RememberedSharpness(double alpha = 0.7, bool perTensor = false, double normFloor = 0) : ICombiner, IDisposable
{
    /// <summary>v is rounding when it is shorter than so many units of rounding of g+.</summary>
    private const double Rounding = 16;

    private readonly double _alpha = Check.NonNegative(alpha);
    private readonly double _normFloor = Check.NonNegative(normFloor);
    private readonly SlotTensors _directions = new(); // v / (||v|| + floor)

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var block in Blocks(descent, list => list.Pairs()))
        {
            var parts = block.ConvertAll(part => (part.List, part.Pairs, Stored: _directions.Of(part.Pairs.Slots)));
            var norm = Root(parts, part => descent.Kernels.Norm(part.Pairs.AtWeights));
            var product = Total(parts, part => descent.Kernels.Dot(part.Pairs.AtWeights, part.Pairs.AtPerturbed));
            var along = descent.Along(product, norm);
            foreach (var (list, pairs, stored) in parts)
            {
                descent.Kernels.Copy(stored, pairs.AtPerturbed);
                descent.Kernels.Mix(stored, Pass.Factor(list, 1), pairs.AtWeights, Pass.Factor(list, -along));
            }
            var length = Root(parts, part => descent.Kernels.Norm(part.Stored));
            var perturbed = Root(parts, part => descent.Kernels.Norm(part.Pairs.AtPerturbed));
            var inverse = descent.Kernels.Scale(length, 1, _normFloor) * length.gt(perturbed * RoundingOf(block[0].List));
            foreach (var (list, _, stored) in parts) descent.Multiply(list, stored, inverse);
        }
    }

    /// <inheritdoc/>
    public void Plain(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        if (_directions.IsEmpty) return;
        foreach (var block in Blocks(descent, list => new GradientPairs(list.Slots, list.Gradients, list.Gradients)))
        {
            var reach = Root(block, part => descent.Kernels.Norm(part.Pairs.AtWeights)) * _alpha;
            foreach (var (list, pairs) in block)
                descent.Kernels.Mix(pairs.AtWeights, Pass.Factor(list, 1), _directions.Of(pairs.Slots), Pass.Factor(list, reach));
        }
    }

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("directions", _directions);
    }

    /// <summary>Frees what is remembered. The optimizer does this itself.</summary>
    public void Dispose() => _directions.Dispose();

    /// <summary>What is projected together: all lists, or each tensor by itself.</summary>
    private List<List<(TensorList List, GradientPairs Pairs)>> Blocks(Descent descent, Func<TensorList, GradientPairs> pairsOf)
    {
        var whole = descent.Lists.Select(list => (List: list, Pairs: pairsOf(list))).Where(part => part.Pairs.Slots.Count > 0).ToList();
        if (!perTensor) return whole.Count == 0 ? [] : [whole];
        return whole.SelectMany(part => part.Pairs.Slots.Select((slot, i) => new List<(TensorList, GradientPairs)>
        {
            (part.List, new GradientPairs([slot], [part.Pairs.AtWeights[i]], [part.Pairs.AtPerturbed[i]])),
        })).ToList();
    }

    private static Tensor Root<T>(List<T> parts, Func<T, Tensor> norm) => parts.Count == 1 ? norm(parts[0]) : linalg.vector_norm(Joined(parts, norm));

    private static Tensor Total<T>(List<T> parts, Func<T, Tensor> number) => parts.Count == 1 ? number(parts[0]) : Joined(parts, number).sum();

    private static Tensor Joined<T>(List<T> parts, Func<T, Tensor> number)
    {
        var numbers = parts.Select(number).ToArray();
        return stack(numbers.Select(part => part.to(ScalarType.Float64, numbers[0].device)).ToArray());
    }

    private static double RoundingOf(TensorList list) => Rounding * finfo(list.Slots[0].Parameter.dtype).eps;
}
