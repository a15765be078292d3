using SamSharp.Samples.T5.Pretraining;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Pretraining;

public class CooccurrenceVectorsTests
{
    // With all directions kept, rows . rows^T before they are scaled is |P|, the absolute value of the factorized matrix.
    [Fact]
    public void The_cosines_are_those_of_the_positive_mutual_information_when_no_direction_is_left_out()
    {
        const int vocabulary = 12;
        var random = new Random(3);
        ReadOnlyMemory<int>[] segments = [.. Enumerable.Range(0, 6)
            .Select(_ => (ReadOnlyMemory<int>)Enumerable.Range(0, 9).Select(_ => random.Next(vocabulary)).ToArray())];
        using var scope = NewDisposeScope();
        using var information = tensor(Expected(segments, vocabulary));
        var (values, vectors) = linalg.eigh(information);
        var absolute = vectors.mm(diag(values.abs())).mm(vectors.t());
        var size = absolute.diagonal().sqrt();
        var expected = absolute / (size.unsqueeze(1) * size.unsqueeze(0));

        var rows = CooccurrenceVectors.Of(segments, vocabulary, vocabulary).to(float64);

        Assert.Equal(1.0, rows.Squared().mean([1]).min().item<double>(), 1e-5);
        Assert.Equal(1.0, rows.Squared().mean([1]).max().item<double>(), 1e-5);
        Assert.InRange((rows.mm(rows.t()).Over(vocabulary) - expected).abs().max().item<double>(), 0, 1e-4);
    }

    [Fact]
    public void Ids_of_like_neighbors_have_like_vectors_and_absent_ones_have_none()
    {
        // 1 and 2 stand between 5 and 6, 3 and 4 between 7 and 8; 0 and 9 never occur.
        var random = new Random(1);
        ReadOnlyMemory<int>[] segments = [.. Enumerable.Range(0, 200)
            .Select(i => (ReadOnlyMemory<int>)(i % 2 == 0 ? new[] { 5, 1 + random.Next(2), 6 } : new[] { 7, 3 + random.Next(2), 8 }))];
        using var scope = NewDisposeScope();

        var rows = CooccurrenceVectors.Of(segments, vocabularySize: 10, width: 4);

        double Cosine(int one, int other) => nn.functional.cosine_similarity(rows[one].unsqueeze(0), rows[other].unsqueeze(0)).item<float>();
        Assert.InRange(Cosine(1, 2), 0.99, 1.001);
        Assert.InRange(Cosine(3, 4), 0.99, 1.001);
        Assert.InRange(Cosine(1, 3), -0.01, 0.01);
        Assert.Equal(0, rows[0].abs().sum().item<float>());
        Assert.Equal(0, rows[9].abs().sum().item<float>());
    }

    [Theory]
    [InlineData(4, 8)]
    [InlineData(CooccurrenceVectors.LargestVocabulary + 1, 8)]
    public void A_vocabulary_too_small_or_too_large_is_refused(int vocabulary, int width)
        => Assert.Contains($"{vocabulary} ids", Assert.Throws<ArgumentException>(() => CooccurrenceVectors.Of([], vocabulary, width)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_model_keeps_its_own_rows_where_there_is_no_vector()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Relu);
        var weight = model.get_parameter("shared.weight")!;
        var before = weight.detach().clone();
        var vectors = zeros(weight.shape);
        vectors[3] = ones(weight.shape[1]);

        model.SetEmbedding(vectors);

        before[3] = ones(weight.shape[1]);
        Assert.Equal(0, (before - weight).abs().max().item<float>());
        Assert.True(weight.requires_grad);
    }

    private static double[,] Expected(ReadOnlyMemory<int>[] segments, int vocabulary)
    {
        var counts = new double[vocabulary, vocabulary];
        foreach (var segment in segments)
        {
            for (var i = 0; i < segment.Length; i++)
            {
                for (var j = 0; j < segment.Length; j++)
                {
                    if (i != j && Math.Abs(i - j) <= 5)
                        counts[segment.Span[i], segment.Span[j]] += 1.0 / Math.Abs(i - j);
                }
            }
        }
        double Sum(int row) => Enumerable.Range(0, vocabulary).Sum(column => counts[row, column]);
        var all = Enumerable.Range(0, vocabulary).Sum(row => Math.Pow(Sum(row), 0.75));
        double Information(int a, int b) => counts[a, b] == 0
            ? 0
            : Math.Max(0, Math.Log(counts[a, b] / Sum(a) / (Math.Pow(Sum(b), 0.75) / all)));
        var matrix = new double[vocabulary, vocabulary];
        for (var a = 0; a < vocabulary; a++)
        {
            for (var b = 0; b < vocabulary; b++)
                matrix[a, b] = (Information(a, b) + Information(b, a)) / 2;
        }
        return matrix;
    }
}
