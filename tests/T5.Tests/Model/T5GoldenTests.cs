using SamSharp.Samples.T5.Checkpoints;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Model;

public class T5GoldenTests
{
    private const double Absolute = 1e-4;

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (model, name) in GoldenFolder.Cases)
                data.Add(model, name);
            return data;
        }
    }

    [Fact]
    public void There_are_cases_and_bucket_tables()
    {
        Assert.NotEmpty(GoldenFolder.Cases);
        Assert.True(File.Exists(GoldenFolder.PathOf("t5_buckets.safetensors")));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Hidden_states_logits_and_loss_equal_the_reference(string folder, string name)
    {
        using var scope = NewDisposeScope();
        using var unrecorded = no_grad();
        using var model = T5Checkpoint.Load(GoldenFolder.PathOf(folder));
        var inputs = GoldenFolder.Read(folder, name + "_inputs.safetensors");
        var expected = GoldenFolder.Read(folder, name + "_expected.safetensors");
        var (ids, mask, labels) = (inputs["input_ids"], inputs["attention_mask"], inputs["labels"]);

        Assert.Equal(inputs["decoder_input_ids"], model.ShiftRight(labels));
        var encoded = model.Encode(ids, mask);
        Close.Equal(expected["encoder_last_hidden_state"], encoded, Absolute, "encoder output");
        var decoded = model.DecodeEmbedded(model.Embed(inputs["decoder_input_ids"]), encoded, mask);
        Close.Equal(expected["decoder_last_hidden_state"], decoded, Absolute, "decoder output");
        Close.Equal(expected["logits"], model.Decode(inputs["decoder_input_ids"], encoded, mask), Absolute, "logits");
        Close.Equal(expected["loss"].reshape([]), model.Loss(ids, mask, labels), 1e-5, "loss");

        if (expected.TryGetValue("encoder_embeds", out var embeds))
            Close.Equal(embeds, model.Embed(ids), 0, "embeddings");
        if (expected.TryGetValue("encoder_position_bias", out var encoderBias))
            Close.Equal(encoderBias, model.Encoder.PositionBias.Compute(encoderBias.shape[2], encoderBias.shape[3], model.ComputeType),
                1e-6, "encoder bias");
        if (expected.TryGetValue("decoder_position_bias", out var decoderBias))
            Close.Equal(decoderBias, model.Decoder.PositionBias.Compute(decoderBias.shape[2], decoderBias.shape[3], model.ComputeType),
                1e-6, "decoder bias");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_gradient_equals_the_reference(string folder, string name)
    {
        using var scope = NewDisposeScope();
        using var model = T5Checkpoint.Load(GoldenFolder.PathOf(folder));
        var inputs = GoldenFolder.Read(folder, name + "_inputs.safetensors");
        var expected = GoldenFolder.Read(folder, name + "_grads.safetensors");

        model.Loss(inputs["input_ids"], inputs["attention_mask"], inputs["labels"]).backward();

        var parameters = model.named_parameters().ToList();
        Assert.Equal(expected.Keys.Order(), parameters.Select(item => item.name).Order());
        foreach (var (parameterName, parameter) in parameters)
            Close.EqualRelative(expected[parameterName], parameter.grad!, 1e-4, parameterName);
    }
}
