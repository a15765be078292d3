using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.T5.Sampling;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Tests;

/// <summary>Why a fresh classifier is better left out of the perturbation: few weights, much of the gradient.</summary>
[TensorScope]
public class FreshHeadTests
{
    private static readonly (string Text, int Label)[] Rows =
    [
        ("The saw cuts cleanly and lies well in the hand.", 1), ("She cut the hedge so badly that it may never recover.", 0),
        ("The oysters made both of us ill for two days.", 0), ("The editor's remarks were strict, fair and extremely useful.", 1),
        ("A delightful evening from start to finish.", 1), ("The screen broke on the second day.", 0),
        ("Nobody answered the phone, and the parcel never came.", 0), ("The bread was warm and the staff were kind.", 1),
    ];

    [SkippableFact]
    public void It_has_few_weights_and_much_of_the_first_gradient()
    {
        Skip.IfNot(PackagedModel.MiniLM.IsPresent, "The package was not restored.");
        var source = EncoderSource.Open("minilm");
        var shares = Enumerable.Range(1, 4).Select(seed => Share(source, seed)).ToArray();
        Assert.True(shares.Min() > 0.4, string.Join(", ", shares));
    }

    // The classifier's part of the squared norm of the gradient, with the embeddings frozen.
    private static double Share(EncoderSource source, int seed)
    {
        using var model = source.Create(["bad", "good"], seed);
        model.Freeze(0);
        using var batch = Batch.Collate(
            [.. Rows.Select(row => new EncodedExample(source.Tokenizer.Encode(row.Text, null, 64), [row.Label]))], source.Tokenizer.PadId, CPU);
        model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels).backward();
        double Squares(IEnumerable<TorchSharp.Modules.Parameter> parameters) =>
            parameters.Where(parameter => parameter.grad is not null).Sum(parameter => Math.Pow(parameter.grad!.norm().item<float>(), 2));
        var (head, all) = (Squares(model.FreshHead!.parameters()), Squares(model.parameters()));
        Assert.True(model.FreshHead!.parameters().Sum(parameter => parameter.NumberOfElements) < 1e-4 * source.Config.ParameterCount);
        return head / all;
    }
}
