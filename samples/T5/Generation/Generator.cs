using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Generation;

/// <summary>Generates token ids with a T5.</summary>
public static class Generator
{
    /// <summary>
    /// The most probable output of each row, by greedy or beam search, without dropout or gradients.
    /// </summary>
    /// <param name="model">Its mode, training or evaluation, is unchanged afterwards.</param>
    /// <param name="inputIds">int64 [batch, length].</param>
    /// <param name="attentionMask">int64 [batch, length], 1 is visible.</param>
    /// <param name="options">Kind and length of the search.</param>
    /// <returns>int64 [batch, n]: the start token, the result with its end token, and padding.</returns>
    public static Tensor Generate(this T5Model model, Tensor inputIds, Tensor attentionMask, GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Search(model, options, () => model.Encode(inputIds, attentionMask), attentionMask);
    }

    /// <summary>The same, from the encoder's output.</summary>
    /// <param name="encoded">From <see cref="T5Model.Encode"/> in evaluation mode; the caller keeps owning it.</param>
    public static Tensor GenerateFrom(this T5Model model, Tensor encoded, Tensor attentionMask, GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Search(model, options, () => encoded.alias(), attentionMask);
    }

    private static Tensor Search(T5Model model, GenerationOptions options, Func<Tensor> encode, Tensor attentionMask)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var wasTraining = model.training;
        model.eval();
        try
        {
            using var scope = NewDisposeScope();
            using var unrecorded = no_grad();
            var encoded = encode();
            var found = options.NumBeams == 1
                ? GreedySearch.Run(model, encoded, attentionMask, options.MaxNewTokens)
                : BeamSearch.Run(model, encoded, attentionMask, options);
            return found.MoveToOuterDisposeScope();
        }
        finally
        {
            model.train(wasTraining);
        }
    }
}
