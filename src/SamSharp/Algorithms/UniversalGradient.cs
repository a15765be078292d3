using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Universal SAM's gradient of the loss and lambda times a sharpness: g + lambda sum over i of c_i (g_i - g), where g_i is the gradient at the random point w + rho x_i, and the measure
/// makes the weights c_i of the losses (Tahmasebi, Soleymani, Bahri, Jegelka, Jaillet, "A Universal Class of Sharpness-Aware Minimization Algorithms", 2024; dbahri/universal_sam).
/// </summary>
/// <remarks>n points cost n passes beside that at w, and hold n + 1 gradients at a time. The weights stay on the device. Constant factors, 1 / rho^2 of the general rule
/// among them, belong into lambda, as in the official code.</remarks>
public sealed class UniversalGradient : ICombiner
{
    private readonly UniversalSharpness _sharpness;
    private readonly double _lambda;
    private readonly int _draws;

    /// <summary>A combination for the given measure.</summary>
    /// <param name="sharpness">The measure.</param>
    /// <param name="lambda">Its weight beside the loss. Default 1 (the official code).</param>
    /// <param name="draws">The number of random points. Default 1 (the official code).</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too few points for the measure, or lambda is negative or not finite.</exception>
    public UniversalGradient(UniversalSharpness sharpness, double lambda = 1, int draws = 1)
    {
        ArgumentNullException.ThrowIfNull(sharpness);
        _sharpness = sharpness;
        _lambda = Check.NonNegative(lambda);
        _draws = draws >= sharpness.LeastDraws ? draws
            : throw new ArgumentOutOfRangeException(nameof(draws), draws, $"The measure takes at least {sharpness.LeastDraws} random points.");
    }

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        var passes = Enumerable.Range(1, _draws - 1).Select(descent.AtDraw).ToArray();
        var losses = stack(passes.Select(pass => pass.Loss).Prepend(descent.PerturbedLoss!).Select(Number).ToArray());
        var weights = _lambda * _sharpness.Weights(Number(descent.Loss!), losses, descent.Lists.Max(list => list.Radius));
        var rest = 1 - weights.sum();
        foreach (var list in descent.Lists)
        {
            var pairs = list.Pairs();
            descent.Kernels.Mix(pairs.AtPerturbed, Pass.Factor(list, weights[0]), pairs.AtWeights, Pass.Factor(list, rest));
            for (var i = 0; i < passes.Length; i++)
                descent.Kernels.Mix(pairs.AtPerturbed, Pass.Factor(list, 1), passes[i].Of(pairs.Slots), Pass.Factor(list, weights[i + 1]));
        }
        foreach (var pass in passes) pass.Dispose();
    }

    private static Tensor Number(Tensor loss) => loss.to(ScalarType.Float64).reshape([]);
}
