using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.T5.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Tests;

/// <summary>The packaged models' hidden states beside those that onnxruntime computes from the same file.</summary>
[TensorScope]
public class HiddenStateTests
{
    private const double Tolerance = 1e-5;

    private static readonly (string Text, string? Second)[] Texts =
    [
        ("A fair review.", null),
        ("Who wrote Hamlet?", "The play was written by William Shakespeare between 1599 and 1601, in a café perhaps."),
        (string.Join(' ', Enumerable.Repeat("The quick brown fox jumps over the lazy dog, untypically.", 30)), null),
        ("x", null),
    ];

    public static TheoryData<string> Models => [.. PackagedModel.All.Select(model => model.Name)];

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void They_are_onnxruntime_s(string name)
    {
        var packaged = PackagedModel.All.Single(model => model.Name == name);
        Skip.IfNot(packaged.IsPresent, $"The package {packaged.Package} was not restored.");
        var source = EncoderSource.Open(name);
        using var model = source.Create();
        using var session = new InferenceSession(packaged.ReadModel());
        // Alone, so that nothing is padded, then together.
        foreach (var texts in Texts.Select(text => new[] { text }).Append(Texts))
            Compare(source, model, session, texts);
    }

    [SkippableFact]
    public void Sixteen_bit_activations_are_near_them()
    {
        Skip.IfNot(PackagedModel.MiniLM.IsPresent, "The package was not restored.");
        var source = EncoderSource.Open("minilm");
        using var model = source.Create();
        using var batch = Rows(source, Texts);
        var full = model.Encode(batch.InputIds, batch.AttentionMask);
        model.ComputeType = ScalarType.BFloat16;
        var rounded = model.Encode(batch.InputIds, batch.AttentionMask);
        Assert.Equal(ScalarType.BFloat16, rounded.dtype);
        var difference = Largest(full, rounded.to(float32), batch.AttentionMask);
        Assert.InRange(difference, 1e-5, 0.1);
    }

    [SkippableFact]
    public void Near_texts_have_near_vectors()
    {
        Skip.IfNot(PackagedModel.MiniLM.IsPresent, "The package was not restored.");
        var source = EncoderSource.Open("minilm");
        using var model = source.Create();
        using var batch = Rows(source, [("A man is eating food.", null), ("A man eats a meal.", null), ("The train to Rome is late.", null)]);
        var vectors = model.Embed(batch.InputIds, batch.AttentionMask);
        var alike = vectors.matmul(vectors.t()).data<float>().ToArray();
        Assert.Equal(1, alike[0], 5);
        Assert.True(alike[1] > 0.6, $"{alike[1]}");
        Assert.True(alike[2] < 0.2, $"{alike[2]}");
    }

    private static Batch Rows(EncoderSource source, IReadOnlyList<(string Text, string? Second)> texts) => Batch.Collate(
        [.. texts.Select(text => new EncodedExample(source.Tokenizer.Encode(text.Text, text.Second, 256), [0]))], source.Tokenizer.PadId, CPU);

    private static void Compare(
        EncoderSource source, EncoderModel model, InferenceSession session, IReadOnlyList<(string Text, string? Second)> texts)
    {
        using var batch = Rows(source, texts);
        var ours = model.Encode(batch.InputIds, batch.AttentionMask);
        var (rows, length) = ((int)batch.InputIds.shape[0], (int)batch.InputIds.shape[1]);
        var ids = batch.InputIds.data<long>().ToArray();
        long[] segments = [.. ids.Chunk(length).SelectMany(row => SegmentsOf(row, source.Tokenizer.SeparatorId))];
        NamedOnnxValue Input(string name, long[] values) =>
            NamedOnnxValue.CreateFromTensor(name, new DenseTensor<long>(values, [rows, length]));
        using var results = session.Run(
        [
            Input("input_ids", ids), Input("attention_mask", batch.AttentionMask.data<long>().ToArray()), Input("token_type_ids", segments),
        ]);
        var states = results.First(value => value.Name == "last_hidden_state").AsTensor<float>().ToArray();
        var theirs = tensor(states, [rows, length, model.Config.Width]);
        Assert.True(theirs.abs().max().item<float>() > 1);
        var difference = Largest(ours, theirs, batch.AttentionMask);
        Assert.True(difference < Tolerance, $"{difference} with {rows} rows of {length}");
    }

    private static IEnumerable<long> SegmentsOf(long[] ids, int separator)
    {
        var segment = 0L;
        foreach (var id in ids)
        {
            yield return segment;
            if (id == separator)
                segment = 1;
        }
    }

    [InDisposeScope]
    private static float Largest(torch.Tensor a, torch.Tensor b, torch.Tensor mask) =>
        a.Plus(b, -1).abs().mul(mask.unsqueeze(-1).to(float32)).max().item<float>();
}
