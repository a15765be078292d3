using SamSharp.Samples.T5.Generation;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Generation;

[TensorScope]
public class GenerationTests
{
    private static readonly GenerationOptions Greedy = new() { MaxNewTokens = 20 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_cache_does_not_change_greedy_results(bool gated)
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(gated ? Small.Gated : Small.Relu);
        var (ids, mask) = Batch(model, rows: 5);

        var cached = model.Generate(ids, mask, Greedy);

        Assert.Equal(Rows(GreedyWithoutCache(model, ids, mask, Greedy.MaxNewTokens)), Rows(cached));
        Assert.Equal(21, cached.shape[1]);
    }

    [Fact]
    public void A_row_that_has_ended_is_padded_and_others_go_on()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Relu);
        var (ids, mask) = Batch(model, rows: 6);
        var free = Rows(model.Generate(ids, mask, Greedy));
        using var ending = ModelThatEnds(Small.Relu, seed: 1);
        var end = ending.Config.EosTokenId;

        var ended = Rows(ending.Generate(ids, mask, Greedy));

        Assert.Contains(ended, row => Array.IndexOf(row, end) != Array.IndexOf(ended[0], end));
        for (var row = 0; row < free.Length; row++)
        {
            var stop = Array.IndexOf(free[row], end);
            var kept = stop < 0 ? free[row].Length : stop + 1;
            Assert.Equal(free[row][..kept].Take(ended[row].Length), ended[row].Take(kept));
            Assert.All(ended[row].Skip(kept), token => Assert.Equal(0, token));
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Beam_search_with_one_beam_is_greedy_search(long seed, bool gated)
    {
        using var scope = NewDisposeScope();
        using var unrecorded = no_grad();
        using var model = ModelThatEnds(gated ? Small.Gated : Small.Relu, seed);
        model.eval();
        var (ids, mask) = Batch(model, rows: 8);
        var encoded = model.Encode(ids, mask);

        var beam = BeamSearch.Run(model, encoded, mask, Greedy);

        Assert.Equal(Rows(GreedySearch.Run(model, encoded, mask, Greedy.MaxNewTokens)), Rows(beam));
        Assert.Contains(Rows(beam), row => row.Contains(model.Config.EosTokenId));
    }

    [Fact]
    public void Enough_beams_find_the_most_probable_text_of_all()
    {
        using var scope = NewDisposeScope();
        using var unrecorded = no_grad();
        var config = Small.Relu with { VocabularySize = 9 };
        using var model = Small.Model(config, seed: 5);
        var (ids, mask) = Batch(model, rows: 4);
        var options = new GenerationOptions { MaxNewTokens = 3, NumBeams = 81, LengthPenalty = 0 };

        var found = Rows(model.Generate(ids, mask, options));

        // Every text of at most three tokens: an end token stops it.
        var texts = (from a in Enumerable.Range(0, 9)
                     from b in a == 1 ? [0] : Enumerable.Range(0, 9)
                     from c in a == 1 || b == 1 ? [0] : Enumerable.Range(0, 9)
                     select new long[] { a, b, c }).ToArray();
        for (var row = 0; row < 4; row++)
        {
            var probabilities = texts.Select(text => LogProbability(model, ids[row..(row + 1)], mask[row..(row + 1)], [0, .. text])).ToArray();
            var best = texts[Array.IndexOf(probabilities, probabilities.Max())];
            Assert.Equal(best[..(found[row].Length - 1)], found[row][1..]);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void Beam_search_never_scores_below_greedy_search(double lengthPenalty)
    {
        using var scope = NewDisposeScope();
        using var unrecorded = no_grad();
        using var model = Small.Model(Small.Relu, seed: 3);
        var (ids, mask) = Batch(model, rows: 8);
        var options = Greedy with { MaxNewTokens = 8 };

        var greedy = Rows(model.Generate(ids, mask, options));
        var beams = Rows(model.Generate(ids, mask, options with { NumBeams = 5, LengthPenalty = lengthPenalty }));

        var gains = Enumerable.Range(0, 8).Select(row => Score(beams[row], row) - Score(greedy[row], row)).ToArray();
        Assert.All(gains, gain => Assert.True(gain >= -1e-4, $"beam search lost {-gain}"));
        Assert.Contains(gains, gain => gain > 1e-3);

        double Score(long[] tokens, int row) =>
            LogProbability(model, ids[row..(row + 1)], mask[row..(row + 1)], tokens) / Math.Pow(Length(tokens), lengthPenalty);
    }

    [Fact]
    public void Generation_leaves_the_model_in_its_mode_and_ignores_dropout()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Relu with { DropoutRate = 0.5 });
        var (ids, mask) = Batch(model, rows: 4);
        model.train();

        var first = Rows(model.Generate(ids, mask, Greedy));

        Assert.True(model.training);
        Assert.Equal(first, Rows(model.Generate(ids, mask, Greedy)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Repeated_generation_leaves_no_tensors_behind(int beams)
    {
        using var model = Small.Model(Small.Relu);
        var (ids, mask) = Batch(model, rows: 3);
        var options = Greedy with { NumBeams = beams };
        model.Generate(ids, mask, options).Dispose();
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        for (var i = 0; i < 20; i++)
            model.Generate(ids, mask, options).Dispose();

        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Impossible_options_are_refused()
    {
        using var model = Small.Model(Small.Relu);
        using var ids = Small.Ids(1, 2, Small.Relu);
        using var mask = ones_like(ids);

        Assert.Throws<ArgumentOutOfRangeException>(() => model.Generate(ids, mask, new GenerationOptions { MaxNewTokens = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Generate(ids, mask, new GenerationOptions { NumBeams = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Generate(ids, mask, new GenerationOptions { LengthPenalty = double.NaN }));
    }

    private static (Tensor Ids, Tensor Mask) Batch(T5Model model, long rows)
    {
        var ids = Small.Ids(rows, 7, model.Config);
        var mask = ones_like(ids);
        mask[1, TensorIndex.Slice(4)].Fill(0);
        return (ids, mask);
    }

    // A small random model rarely ends a text: here the third token it produces for the first row counts as the end.
    private static T5Model ModelThatEnds(T5Config config, long seed)
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(config, seed);
        var (ids, mask) = Batch(model, rows: 6);
        var end = (int)Rows(model.Generate(ids, mask, Greedy))[0][3];
        return Small.Model(config with { EosTokenId = end }, seed);
    }

    private static Tensor GreedyWithoutCache(T5Model model, Tensor ids, Tensor mask, int maxNewTokens)
    {
        using var unrecorded = no_grad();
        model.eval();
        var encoded = model.Encode(ids, mask);
        var tokens = ScalarArithmetic.Full([ids.shape[0], 1], model.Config.DecoderStartTokenId, int64);
        var ended = zeros([ids.shape[0]], @bool);
        for (var step = 0; step < maxNewTokens && !ended.all().item<bool>(); step++)
        {
            var next = model.Decode(tokens, encoded, mask).select(1, -1).argmax(-1).FilledWhere(ended, model.Config.PadTokenId);
            tokens = cat([tokens, next.unsqueeze(1)], 1);
            ended = ended.logical_or(next.IsEqualTo(model.Config.EosTokenId));
        }
        return tokens;
    }

    private static double LogProbability(T5Model model, Tensor ids, Tensor mask, long[] tokens)
    {
        using var scope = NewDisposeScope();
        var length = Length(tokens);
        var scores = model.Decode(tensor(tokens[..length]).unsqueeze(0), model.Encode(ids, mask), mask).log_softmax(-1);
        return Enumerable.Range(0, length).Sum(i => scores[0, i, tokens[i + 1]].item<float>());
    }

    // Tokens after the start, up to the end token.
    private static int Length(long[] tokens)
    {
        var end = Array.IndexOf(tokens, 1, 1);
        return end < 0 ? tokens.Length - 1 : end;
    }

    private static long[][] Rows(Tensor ids) =>
        [.. Enumerable.Range(0, (int)ids.shape[0]).Select(row => ids[row].data<long>().ToArray())];
}
