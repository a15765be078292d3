using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>JacHess: penalizes the Jacobian and the Hessian of hidden states by the input embeddings, estimated with random vectors.</summary>
/// <remarks>In the published code the Hessian's part has no gradient, so that only the Jacobian's trains; here both do. To go on after a
/// stop, keep the weights, the optimizer's state, and the generator's.</remarks>
[InDisposeScope]
internal static class JacHess
{
    public const string Paper =
        "JacHess: Jukic, Snajder, \"From Robustness to Improved Generalization and Calibration in Pre-trained Language Models\", 2024";

    private const int Classes = 3, Inputs = 2, Hidden = 16, Draws = 10, Steps = 200;
    private const double Strength = 0.02;

    public static void Run(TextWriter output)
    {
        var (x, y) = Clusters.Balanced(45, Classes, seed: 1);
        var (unlabeled, _) = Clusters.Balanced(200, Classes, seed: 2);
        var (testX, testY) = Clusters.Balanced(1000, Classes, seed: 99);
        var rows = new List<string[]>();
        var sizes = new List<double>();
        foreach (var (name, strength) in new[] { ("cross-entropy", 0), ("with JacHess", Strength) })
        {
            var weights = SmallNetwork.Create(Inputs, Hidden, Classes, seed: 1);
            using var optimizer = new FusedAdam(weights, 0.02);
            using var generator = new Generator(1);
            for (var step = 0; step < Steps; step++)
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                SmallNetwork.Backward(weights, x, y);
                if (strength > 0) Penalty(Scores(weights), unlabeled, Draws, generator).Times(strength).backward();
                optimizer.step();
            }
            using var measuring = new Generator(2);
            sizes.Add(Penalty(Scores(weights), testX, Draws, measuring).ReadDouble());
            rows.Add([name, $"{SmallNetwork.Accuracy(weights, testX, testY):P1}", $"{SmallNetwork.Loss(weights, testX, testY).ReadDouble():F3}",
                $"{sizes[^1]:F2}"]);
        }
        Table.Write(output, ["training", "test accuracy", "test loss", "Jacobian and Hessian"], rows);
        output.WriteLine($"The penalty on unlabeled rows leaves {sizes[1] / sizes[0]:P0} of the two.");
    }

    /// <summary>The two terms of one layer: mean over Gaussian v of |d(v . h)/dx|^2, and mean over random k of |d(v . dh_k/dx)/dx|^2.</summary>
    /// <param name="layer">Embeddings [rows, inputs] to hidden states [rows, outputs]; each row on its own.</param>
    /// <param name="x">The embeddings.</param>
    /// <param name="draws">How many vectors and coordinates.</param>
    /// <param name="generator">Draws them.</param>
    public static Tensor Penalty(Func<Tensor, Tensor> layer, Tensor x, int draws, Generator generator)
    {
        var (outputs, inputs) = (layer(x).shape[1], x.shape[1]);
        var random = randint(0, outputs, [draws], dtype: int64, generator: generator).ReadAll<long>();
        Tensor[] vectors = [.. random.Select(_ => randn([outputs], float64, generator: generator))];
        Tensor[] inner = [.. random.Select(_ => randn([inputs], float64, generator: generator))];
        return JacobianTerm(layer, x, vectors).Plus(HessianTerm(layer, x, [.. random.Zip(inner)]));
    }

    /// <summary>The mean over vectors and rows of |d(v . h)/dx|^2.</summary>
    public static Tensor JacobianTerm(Func<Tensor, Tensor> layer, Tensor x, IReadOnlyList<Tensor> vectors)
    {
        var leaf = x.detach().requires_grad_();
        var states = layer(leaf);
        return Mean(vectors.Select(vector => Squares(Slope(states.mv(vector).sum(), leaf))));
    }

    /// <summary>The mean over coordinates and rows of |d(v . dh_k/dx)/dx|^2.</summary>
    public static Tensor HessianTerm(Func<Tensor, Tensor> layer, Tensor x, IReadOnlyList<(long Coordinate, Tensor Vector)> pairs)
    {
        var leaf = x.detach().requires_grad_();
        var states = layer(leaf);
        return Mean(pairs.Select(pair =>
        {
            var slope = Slope(states.select(1, pair.Coordinate).sum(), leaf);
            return slope.requires_grad ? Squares(Slope(slope.mv(pair.Vector).sum(), leaf)) : zeros([], float64); // a linear layer has no Hessian
        }));
    }

    private static Func<Tensor, Tensor> Scores(Parameter[] weights) => x => SmallNetwork.Forward(weights, x);

    /// <summary>The gradient by the embeddings, with a graph of its own; zeros where there is none.</summary>
    private static Tensor Slope(Tensor sum, Tensor leaf) =>
        autograd.grad([sum], [leaf], retain_graph: true, create_graph: true, allow_unused: true)[0] is { IsInvalid: false } slope
            ? slope
            : zeros_like(leaf, requires_grad: false);

    private static Tensor Squares(Tensor slope) => slope.Squared().sum(1).mean();

    private static Tensor Mean(IEnumerable<Tensor> terms) => stack([.. terms]).mean();
}
