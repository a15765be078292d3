using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>Train flat, then compress: a model trained with SAM, and one trained without, lose their smallest weights.</summary>
/// <remarks>Training goes on after a stop as any does, from the weights and the optimizer's state; pruning has no state.</remarks>
[InDisposeScope]
internal static class Prune
{
    public const string Paper = "Train flat, then compress: Na, Mehta, Strubell, \"Train Flat, Then Compress: Sharpness-Aware " +
        "Minimization Learns More Compressible Models\", 2022";

    private const int Classes = 5, Steps = 200, Seeds = 5;
    private static readonly double[] Shares = [0, 0.5, 0.7, 0.8, 0.9];

    public static void Run(TextWriter output)
    {
        var (x, y) = Clusters.Balanced(1000, Classes, seed: 99, spread: 0.45);
        var rows = new List<string[]>();
        var (plain, flat) = (Trained(0), Trained(0.2));
        double[] drops = [0, 0];
        foreach (var share in Shares)
        {
            var accuracies = new[] { plain, flat }
                .Select(models => models.Average(weights => SmallNetwork.Accuracy(Cut(weights, share), x, y))).ToArray();
            for (var i = 0; i < drops.Length; i++) drops[i] += accuracies[i];
            rows.Add([$"{share:P0}", $"{Zeros(Cut(plain[0], share))}", $"{accuracies[0]:P1}", $"{accuracies[1]:P1}"]);
        }
        Table.Write(output, ["pruned", "zeros", "accuracy without SAM", "with SAM"], rows);
        output.WriteLine($"Mean over {Seeds} seeds and all sparsities: {drops[0] / Shares.Length:P1} without SAM, " +
            $"{drops[1] / Shares.Length:P1} with it.");
    }

    /// <summary>A model for each seed, on few rows with some wrong labels.</summary>
    public static Parameter[][] Trained(double rho) => [.. Enumerable.Range(0, Seeds).Select(seed =>
    {
        var (x, y) = Clusters.Balanced(100, Classes, (ulong)seed, spread: 0.45);
        var wrong = y.clone();
        wrong.narrow(0, 0, 15).copy_(y.narrow(0, 1, 15));
        var weights = SmallNetwork.Create(2, 64, Classes, (ulong)seed);
        using var optimizer = new FusedAdam(weights, 0.01).WithSharpnessAwareness(rho);
        for (var step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            optimizer.Step(() => SmallNetwork.Backward(weights, x, wrong));
        }
        return weights;
    })];

    /// <summary>A copy whose smallest weights are 0, over all matrices together; biases stay.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="share">The share of the matrices' weights that goes, rounded down to a number.</param>
    public static Parameter[] Cut(IReadOnlyList<Parameter> weights, double share)
    {
        var cut = SmallNetwork.Copy(weights);
        Magnitudes(cut, share);
        return cut;
    }

    /// <summary>How many weights of the matrices are 0.</summary>
    public static long Zeros(IEnumerable<Parameter> weights) =>
        weights.Where(weight => weight.dim() == 2).Sum(weight => weight.IsEqualTo(0).sum().Read<long>());

    private static void Magnitudes(IEnumerable<Parameter> weights, double share)
    {
        using var unrecorded = no_grad();
        Parameter[] matrices = [.. weights.Where(weight => weight.dim() == 2)];
        var all = cat([.. matrices.Select(matrix => matrix.abs().flatten())]);
        var count = (long)(share * all.shape[0]);
        var mask = ones_like(all);
        if (count > 0) mask.FillAt(0, all.argsort().narrow(0, 0, count), 0);
        var start = 0L;
        foreach (var matrix in matrices)
        {
            matrix.mul_(mask.narrow(0, start, matrix.numel()).view(matrix.shape));
            start += matrix.numel();
        }
    }
}
