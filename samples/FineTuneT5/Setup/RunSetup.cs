using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>What a <see cref="RunRequest"/> names: the model's files and shape, its vocabulary, and the device. No weights are read yet.</summary>
public sealed record RunSetup(ModelSource Source, T5Tokenizer Tokenizer, T5Config Config, Device Device, NumberTypes Types)
{
    public static RunSetup Load(RunRequest request, CancellationToken cancellation)
    {
        var device = Devices.Find(request.Device);
        var source = new ModelSource(request.Model, request.Tokenizer, cancellation);
        var tokenizer = T5Tokenizer.Load(source.Vocabulary);
        return new(source, tokenizer, source.Config(tokenizer.VocabularySize), device, request.Types);
    }

    /// <summary>Refuses a model that this machine cannot train.</summary>
    /// <exception cref="InsufficientMemoryException">There is not enough memory.</exception>
    public void RequireMemory(string model, TrainingOptions options)
    {
        if (Device.type == TorchSharp.DeviceType.CPU) MemoryCheck.Require(model, Config, options, Types.BytesPerWeight);
    }

    /// <summary>The model with a checkpoint's weights or its first ones.</summary>
    public T5Model CreateModel(TrainingOptions options, string? checkpoint = null) => Source.Create(Config, options, Device, Types, checkpoint);
}
