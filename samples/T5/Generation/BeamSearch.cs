using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Generation;

/// <summary>
/// Keeps the most probable prefixes of each row (beams) and returns the best finished one, with Hugging Face's rules for
/// scores and stopping. Beam k of input row r is decoder row r * beams + k.
/// </summary>
internal static class BeamSearch
{
    // All beams start equal, so all but the first are suppressed in the first step; otherwise every beam would be the same.
    private const double HeldBack = -1e9;

    public static Tensor Run(T5Model model, Tensor encoded, Tensor attentionMask, GenerationOptions options)
    {
        using var scope = NewDisposeScope();
        var (batch, beams, device) = ((int)encoded.shape[0], options.NumBeams, encoded.device);
        using var precision = model.OpenPrecision();
        using var cache = model.StartDecoding(encoded, attentionMask, beams);
        var ended = Enumerable.Range(0, batch).Select(_ => new BeamHypotheses(options)).ToArray();
        var running = Enumerable.Range(0, batch * beams)
            .Select(row => new Beam(row, model.Config.DecoderStartTokenId, [], row % beams == 0 ? 0 : HeldBack))
            .ToArray();

        for (var length = 1; length <= options.MaxNewTokens && !ended.All(row => row.IsDone); length++)
        {
            using var stepScope = NewDisposeScope();
            // Reorder the decoder's rows by the previous step's choice; there is nothing to reorder in the first step.
            cache.Reorder(tensor(running.Select(beam => beam.Parent).ToArray(), int64, device));
            var tokens = tensor(running.Select(beam => beam.Token).ToArray(), int64, device);
            var soFar = tensor(running.Select(beam => beam.LogProbability).ToArray(), float64, device);

            var scores = model.DecodeNext(tokens, cache);
            var vocabulary = scores.shape[1];
            var total = scores.to(Precision.Wide(scores.dtype)).log_softmax(-1).Plus(soFar.to(Precision.Wide(scores.dtype)).unsqueeze(1));
            // Twice as many candidates as beams: every beam can continue even if half of them end.
            var (best, index) = total.view(batch, beams * vocabulary).topk(2 * beams, 1);
            var logProbabilities = best.to(float64).cpu().data<double>().ToArray();
            var indices = index.cpu().data<long>().ToArray();

            var next = new Beam[running.Length];
            for (var row = 0; row < batch; row++)
            {
                var candidates = Enumerable.Range(2 * beams * row, 2 * beams)
                    .Select(i => running[row * beams + (int)(indices[i] / vocabulary)].Extend(
                        row * beams + indices[i] / vocabulary, indices[i] % vocabulary, logProbabilities[i]))
                    .ToArray();
                Advance(ended[row], candidates, next.AsSpan(row * beams, beams), model.Config.EosTokenId, length);
            }
            running = next;
        }

        for (var row = 0; row < batch; row++)
            if (!ended[row].IsDone)
                foreach (var beam in running.AsSpan(row * beams, beams))
                    ended[row].Add(beam.Tokens, beam.LogProbability);
        return Pad(ended, model.Config).to(device).MoveToOuterDisposeScope();
    }

    // Best candidates first: finished ones leave, the others continue until all beams are filled.
    private static void Advance(BeamHypotheses ended, Beam[] candidates, Span<Beam> next, int endToken, int length)
    {
        var filled = 0;
        for (var rank = 0; filled < next.Length; rank++)
        {
            if (candidates[rank].Token != endToken)
                next[filled++] = candidates[rank];
            else if (rank < next.Length && !ended.IsDone)
                ended.Add(candidates[rank].Tokens, candidates[rank].LogProbability);
        }
        ended.Update(candidates[0].LogProbability, length);
    }

    private static Tensor Pad(BeamHypotheses[] ended, T5Config config)
    {
        var rows = ended.Select(row => row.Best).ToArray();
        var padded = new long[rows.Length, 1 + rows.Max(row => row.Length)];
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < padded.GetLength(1); j++)
                padded[i, j] = j == 0 ? config.DecoderStartTokenId : j <= rows[i].Length ? rows[i][j - 1] : config.PadTokenId;
        return tensor(padded);
    }

    /// <param name="Parent">The decoder row of the previous step that it continues.</param>
    /// <param name="Token">Its last token.</param>
    /// <param name="Tokens">All its tokens, without the start token.</param>
    /// <param name="LogProbability">Sum over all its tokens.</param>
    private readonly record struct Beam(long Parent, long Token, long[] Tokens, double LogProbability)
    {
        public Beam Extend(long parent, long token, double logProbability) => new(parent, token, [.. Tokens, token], logProbability);
    }
}
