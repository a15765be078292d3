using SamSharp.Analysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>
/// TempBalance: a learning rate for each layer, larger where the spectrum of its weights has a lighter tail, so that layers that are trained less are
/// trained more (Zhou, Pang, Liu, Martin, Mahoney, Yang, "Temperature Balancing, Layer-wise Weight Analysis, and Neural Network Training", 2023;
/// YefanZhou/TempBalance). It sets learning rates and so goes with every optimizer, sharpness-aware ones included.
/// </summary>
/// <remarks>Give each layer a param group of its own. Groups without a matrix, or whose matrix has too few eigenvalues or no tail of positive ones,
/// get the learning rate as it is.
/// The authors leave the first and the last layer out; leave their groups out of <see cref="Apply"/> to do the same.</remarks>
public sealed record TempBalance
{
    /// <summary>Makes learning rates proportional to a function of the exponents, such as <see cref="Math.Sqrt"/> or <see cref="Math.Log2"/>, with
    /// the given rate as their mean. Null (default, as in the authors' code): exponents between the smallest and the largest become rates
    /// between <see cref="Least"/> and <see cref="Most"/>.</summary>
    public Func<double, double>? ProportionalTo { get; init; }

    /// <summary>Whether rates follow the ranks of the exponents instead, in equal steps up from the smallest rate. Default false.</summary>
    public bool ByRanks { get; init; }

    /// <summary>The smallest learning rate as a multiple of the given one. Default 0.5 (the same).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double Least { get; init => field = Check.Positive(value, nameof(Least)); } = 0.5;

    /// <summary>The largest one. Default 1.5 (the same).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double Most { get; init => field = Check.Positive(value, nameof(Most)); } = 1.5;

    /// <summary>Layers with fewer eigenvalues keep their learning rate. Default 50 (the same).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int FewestEigenvalues { get; init => field = Check.Positive(value, nameof(FewestEigenvalues)); } = 50;

    /// <summary>The tail begins behind one of this many parts of the eigenvalues. Default 2, the median (the same).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a number above 1.</exception>
    public double Parts { get; init => field = Check.AboveOne(value, nameof(Parts)); } = 2;

    /// <summary>Whether the tail begins where a power law fits best, instead of at <see cref="Parts"/>. Default false.</summary>
    public bool FindsBestTail { get; init; }

    /// <summary>The factor of the eigenvalues of convolutions. Default 0.5 (the same).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double ConvolutionScale { get; init => field = Check.Positive(value, nameof(ConvolutionScale)); } = 0.5;

    /// <summary>Measures the weights of each param group's layer and sets the groups' learning rates; once an epoch in the authors' code.</summary>
    /// <param name="optimizer">The optimizer, or a wrapper around it.</param>
    /// <param name="learningRate">The learning rate that the rates are multiples of, as a schedule gives it.</param>
    /// <param name="except">Groups, by their index, that are left as they are. Default: none.</param>
    /// <exception cref="ArgumentException">A group has several matrices.</exception>
    public void Apply(Optimizer optimizer, double learningRate, params IReadOnlyCollection<int> except)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        Check.NonNegative(learningRate);
        var groups = optimizer.ParamGroups.Where((_, index) => !except.Contains(index)).ToArray();
        var measured = groups.Select(group => (Group: group, Tail: TailOf(group))).ToArray();
        var tails = measured.Where(one => one.Tail?.Eigenvalues >= FewestEigenvalues && double.IsFinite(one.Tail.Alpha)).ToArray();
        var rates = RatesOf([.. tails.Select(one => one.Tail!.Alpha)], learningRate);
        foreach (var (group, _) in measured) group.LearningRate = learningRate;
        foreach (var ((group, _), rate) in tails.Zip(rates)) group.LearningRate = rate;
    }

    /// <summary>The learning rates of layers with these exponents.</summary>
    internal double[] RatesOf(double[] alphas, double learningRate)
    {
        if (alphas.Length == 0) return [];
        var (least, most) = (Least * learningRate, Most * learningRate);
        if (ByRanks) return [.. alphas.Select((_, i) => least + ((most - least) * RankOf(i) / alphas.Length))];
        if (ProportionalTo is { } share) return [.. alphas.Select(alpha => share(alpha) / alphas.Average(share) * learningRate)];
        var (low, width) = (alphas.Min(), alphas.Max() - alphas.Min());
        return [.. alphas.Select(alpha => width > 0 ? least + ((most - least) * (alpha - low) / width) : learningRate)];

        int RankOf(int i) => alphas.Where((alpha, j) => alpha < alphas[i] || (alpha == alphas[i] && j < i)).Count();
    }

    /// <summary>The tail of a layer's weights: of a matrix, or of all the places of a convolution's kernel together.</summary>
    internal SpectralTail TailOf(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var matrices = weight.detach().to(ScalarType.Float64, CPU);
        if (weight.dim() > 2) matrices = matrices.flatten(2).permute(2, 0, 1).Times(Math.Sqrt(ConvolutionScale));
        return SpectralTail.Fit([.. linalg.svdvals(matrices).Squared().reshape(-1).ReadAll<double>().Order()], FindsBestTail ? null : Parts);
    }

    private SpectralTail? TailOf(ILearningRateController group)
    {
        var matrices = ((ParamGroup)group).Parameters.Where(parameter => parameter.dim() >= 2).ToArray();
        return matrices.Length > 1
            ? throw new ArgumentException($"A param group has {matrices.Length} matrices; give each layer a group of its own.")
            : matrices.Select(parameter => TailOf((Tensor)parameter)).FirstOrDefault();
    }
}
