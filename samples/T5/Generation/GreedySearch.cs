using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Generation;

/// <summary>Takes the most probable token at each step until every row has ended.</summary>
internal static class GreedySearch
{
    public static Tensor Run(T5Model model, Tensor encoded, Tensor attentionMask, int maxNewTokens)
    {
        using var scope = NewDisposeScope();
        using var precision = model.OpenPrecision();
        using var cache = model.StartDecoding(encoded, attentionMask);
        var (config, batch) = (model.Config, encoded.shape[0]);
        var token = ScalarArithmetic.Full([batch], config.DecoderStartTokenId, int64, encoded.device);
        var tokens = new List<Tensor> { token };
        var ended = zeros([batch], @bool, encoded.device);

        for (var step = 0; step < maxNewTokens; step++)
        {
            using var scores = model.DecodeNext(token, cache);
            token = scores.argmax(-1).FillWhere(ended, config.PadTokenId);
            tokens.Add(token);

            using var endsNow = token.IsEqualTo(config.EosTokenId);
            ended.logical_or_(endsNow);
            using var allEnded = ended.all();
            if (allEnded.item<bool>())
                break;
        }
        return stack(tokens, 1).MoveToOuterDisposeScope();
    }
}
