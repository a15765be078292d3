using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Sources;

/// <summary>Where an encoder's weights, shape and vocabulary come from. Nothing large is read before a model is made.</summary>
public abstract class EncoderSource
{
    /// <summary>The encoder's shape.</summary>
    public abstract BertConfig Config { get; }

    /// <summary>Its vocabulary.</summary>
    public abstract WordPieceTokenizer Tokenizer { get; }

    /// <summary>What its classifier tells apart, in order; empty where it has none.</summary>
    public virtual IReadOnlyList<string> Labels => [];

    /// <summary>A packaged model by name (see <see cref="PackagedModel.All"/>), or a folder as Hugging Face lays it out.</summary>
    /// <exception cref="DirectoryNotFoundException">There is neither.</exception>
    public static EncoderSource Open(string name) =>
        PackagedModel.All.FirstOrDefault(model => model.Name == name) is { } packaged ? new PackagedSource(packaged)
        : Directory.Exists(name) ? new FolderSource(name)
        : throw new DirectoryNotFoundException(
            $"There is no model '{name}': give {string.Join(" or ", PackagedModel.All.Select(model => model.Name))}, or a folder of a BERT with " +
                "config.json, model.safetensors and vocab.txt.");

    /// <summary>The encoder alone, in evaluation mode.</summary>
    public EncoderModel Create(Device? device = null, ScalarType type = ScalarType.Float32)
    {
        RequireWeights();
        var model = new EncoderModel(Config, WeightFactory.Unset(type), Tokenizer.SeparatorId);
        return Filled(model, withHead: false, device, type);
    }

    /// <summary>The encoder with a classifier: the source's own where it tells the same labels apart, else a fresh one.</summary>
    /// <param name="labels">What the classifier tells apart.</param>
    /// <param name="seed">Draws a fresh classifier.</param>
    /// <param name="device">Default: the CPU.</param>
    /// <param name="type">The weights' type.</param>
    public EncoderModel Create(IReadOnlyList<string> labels, int seed, Device? device = null, ScalarType type = ScalarType.Float32)
    {
        RequireWeights();
        using var generator = new Generator((ulong)seed);
        var model = new EncoderModel(
            Config, WeightFactory.Unset(type), Tokenizer.SeparatorId, labels.Count, WeightFactory.Drawing(generator, 1));
        return Filled(model, Labels.SequenceEqual(labels), device, type);
    }

    /// <summary>Checks that there are as many weights as the shape says, before a model takes memory for them.</summary>
    /// <exception cref="InvalidDataException">There are fewer.</exception>
    protected virtual void RequireWeights()
    {
    }

    /// <summary>Reads values into parameters.</summary>
    /// <exception cref="InvalidDataException">The source lacks one, or has it in another shape.</exception>
    protected abstract void Fill(IReadOnlyDictionary<string, Parameter> parameters);

    private EncoderModel Filled(EncoderModel model, bool withHead, Device? device, ScalarType type)
    {
        try
        {
            using var unrecorded = no_grad();
            Fill(model.named_parameters().Where(item => withHead || !EncoderFiles.IsHead(item.name))
                .ToDictionary(item => item.name, item => item.parameter));
            model.to(type);
            if (device is not null)
                model.to(device.type, device.index);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
