using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Pretraining;

/// <summary>
/// Initial embedding vectors from co-occurrence counts: after minutes of training such counts still know more about rare words than
/// gradients do. The positive pointwise mutual information of two ids, max(0, log(count(a, b) * sum / (count(a) * count(b)))), is
/// factorized by its leading eigenvectors, each times the root of its eigenvalue's magnitude. Contexts are smoothed with the power
/// 0.75 (Levy, Goldberg and Dagan, "Improving Distributional Similarity with Lessons Learned from Word Embeddings", 2015), and
/// neighbors at distance d count 1/d (Pennington, Socher and Manning, "GloVe", 2014).
/// </summary>
public static class CooccurrenceVectors
{
    private const int Window = 5;
    private const double ContextPower = 0.75;

    // Power iterations, and extra directions that make the leading ones converge fast.
    private const int Iterations = 8;
    private const int Oversampling = 32;

    /// <summary>The largest vocabulary whose square matrix of counts takes less than 2 GB.</summary>
    public const int LargestVocabulary = 20_000;

    /// <summary>
    /// Float32 vectors [vocabulary, width] with a root mean square of 1, like T5's initial embeddings; zeros for ids without neighbors.
    /// </summary>
    /// <exception cref="ArgumentException">The vocabulary is too large, or smaller than the width.</exception>
    public static Tensor Of(IEnumerable<ReadOnlyMemory<int>> segments, int vocabularySize, int width, int seed = 1)
    {
        if (vocabularySize > LargestVocabulary || vocabularySize < width)
            throw new ArgumentException(
                $"The vocabulary has {vocabularySize} ids: vectors of width {width} from co-occurrences need {width} to {LargestVocabulary}.");
        using var gradientFree = no_grad();
        using var scope = NewDisposeScope();
        var counts = tensor(Count(segments, vocabularySize), [vocabularySize, vocabularySize]);
        var (values, vectors) = LeadingEigenvectors(PositiveMutualInformation(counts.Plus(counts.t())), width, seed);
        var rows = vectors * values.abs().sqrt();
        var size = rows.Squared().mean([1], keepdim: true).sqrt();
        return where(size.IsGreaterThan(1e-6), rows / size, zeros_like(rows)).MoveToOuterDisposeScope();
    }

    // How often the second id follows the first within the window, weighted by 1/distance.
    private static float[] Count(IEnumerable<ReadOnlyMemory<int>> segments, int vocabularySize)
    {
        var counts = new float[vocabularySize * vocabularySize];
        foreach (var segment in segments)
        {
            var ids = segment.Span;
            for (var i = 0; i < ids.Length; i++)
            {
                for (var distance = 1; distance <= Window && i + distance < ids.Length; distance++)
                    counts[(ids[i] * vocabularySize) + ids[i + distance]] += 1f / distance;
            }
        }
        return counts;
    }

    private static Tensor PositiveMutualInformation(Tensor counts)
    {
        using var scope = NewDisposeScope();
        var word = counts.sum(1, keepdim: true);
        var context = word.Power(ContextPower).t();
        // A count of 0 becomes -infinity, or NaN if the id has no count at all; neither is positive.
        var information = (counts * (context.sum() / (word * context))).log_().nan_to_num_(0, 0, 0).Clamp(min: 0);
        return information.Plus(information.t()).Over(2).MoveToOuterDisposeScope();
    }

    // Subspace iteration with a Rayleigh-Ritz projection.
    private static (Tensor Values, Tensor Vectors) LeadingEigenvectors(Tensor symmetric, int count, int seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        var columns = Math.Min(symmetric.shape[0], count + Oversampling);
        var basis = randn([symmetric.shape[0], columns], generator: generator);
        for (var i = 0; i < Iterations; i++)
            basis = linalg.qr(symmetric.mm(basis)).Q;
        var (values, vectors) = linalg.eigh(basis.t().mm(symmetric.mm(basis)));
        var leading = values.abs().argsort(descending: true)[..count];
        return (values.index_select(0, leading).MoveToOuterDisposeScope(), basis.mm(vectors.index_select(1, leading)).MoveToOuterDisposeScope());
    }
}
