using System.Text.Json.Serialization;

namespace SamSharp.Analysis;

/// <summary>
/// The density of a Hessian's eigenvalues by stochastic Lanczos quadrature: for each of several random starts the Ritz values and their weights
/// (Ghorbani, Krishnan, Xiao, "An Investigation into Neural Net Optimization via Hessian Eigenvalue Density", 2019).
/// </summary>
/// <param name="Values">The Ritz values of each start.</param>
/// <param name="Weights">Their weights, which sum to 1 for each start.</param>
public sealed record SpectralDensity(IReadOnlyList<IReadOnlyList<double>> Values, IReadOnlyList<IReadOnlyList<double>> Weights)
{
    /// <summary>The Ritz values of each start.</summary>
    /// <exception cref="ArgumentException">There is no start, or one has no values.</exception>
    [JsonConverter(typeof(RowsConverter))]
    public IReadOnlyList<IReadOnlyList<double>> Values { get; init => field = Filled(value, nameof(Values)); } = Filled(Values, nameof(Values));

    /// <summary>The weights of the Ritz values, which sum to 1 for each start.</summary>
    /// <exception cref="ArgumentException">There is no start, or one has no weights.</exception>
    [JsonConverter(typeof(RowsConverter))]
    public IReadOnlyList<IReadOnlyList<double>> Weights { get; init => field = Filled(value, nameof(Weights)); } = Filled(Weights, nameof(Weights));

    /// <summary>The default width of the peaks as a fraction of the spectrum's range.</summary>
    private const double DefaultWidth = 0.01;

    /// <summary>The smallest Ritz value.</summary>
    [JsonIgnore]
    public double Smallest => Values.Min(values => values.Min());

    /// <summary>The largest Ritz value.</summary>
    [JsonIgnore]
    public double Largest => Values.Max(values => values.Max());

    /// <summary>Estimates the density.</summary>
    /// <param name="hessian">The matrix.</param>
    /// <param name="starts">The number of random normal starts. Default 4. Each costs as many products as the Lanczos process has steps.</param>
    /// <param name="steps">Products with the Hessian for each start. Default 20.</param>
    /// <param name="seed">Seed of the starts. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">starts or steps is less than 1.</exception>
    public static SpectralDensity Estimate(Hessian hessian, int starts = 4, int steps = 20, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        Check.Positive(starts);
        var lanczos = new Lanczos { Steps = steps };
        using var random = new RandomVectors(seed);
        var (values, weights) = (new List<IReadOnlyList<double>>(), new List<IReadOnlyList<double>>());
        using var whole = hessian.Surface.Watch.Begin($"spectral density of {hessian.Symbol}");
        for (var i = 0; i < starts; i++)
        {
            using var part = hessian.Surface.Watch.Begin(null, i, starts);
            using var start = random.Normal(hessian.Surface);
            using var run = lanczos.Run(hessian, start);
            values.Add(run.Values);
            weights.Add(run.Weights);
        }
        return new(values, weights);
    }

    /// <summary>The share of all eigenvalues per unit at x, with each peak a normal density of the given width.</summary>
    /// <param name="x">The point.</param>
    /// <param name="width">The standard deviation, above 0. Null (default): a hundredth of the spectrum's range.</param>
    public double At(double x, double? width = null)
    {
        var sigma = Width(width);
        return Values.Zip(Weights).Average(start =>
            start.First.Zip(start.Second).Sum(node => node.Second * Normal((x - node.First) / sigma) / sigma));
    }

    /// <summary>The density at evenly spaced points that cover the spectrum and the tails of its peaks.</summary>
    /// <param name="points">The number of points, from 2 to 1,000,000. Default 400.</param>
    /// <param name="width">As in <see cref="At"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">points or width is out of range.</exception>
    public (double[] X, double[] Density) Curve(int points = 400, double? width = null)
    {
        LossSlice.RequirePlaces(points);
        var sigma = Width(width);
        var (from, to) = (Smallest - (4 * sigma), Largest + (4 * sigma));
        var x = LossSlice.Places(from, to, points);
        return (x, Array.ConvertAll(x, at => At(at, sigma)));
    }

    private static IReadOnlyList<IReadOnlyList<double>> Filled(IReadOnlyList<IReadOnlyList<double>> rows, string name)
    {
        ArgumentNullException.ThrowIfNull(rows, name);
        return rows.Count > 0 && rows.All(row => row is { Count: > 0 }) ? rows
            : throw new ArgumentException($"{name} has no start, or a start without numbers.", name);
    }

    private double Width(double? width)
    {
        if (width is { } given) return Check.Positive(given, nameof(width));
        var range = Largest - Smallest;
        return DefaultWidth * (range > 0 ? range : Math.Max(1e-12, Math.Abs(Largest)));
    }

    private static double Normal(double z) => Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);
}
