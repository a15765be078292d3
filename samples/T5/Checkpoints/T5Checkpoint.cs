using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>A T5 in a folder with Hugging Face's layout: <c>config.json</c> and <c>model.safetensors</c> (or an index of shards).</summary>
public static class T5Checkpoint
{
    public const string ConfigFile = "config.json";
    private const string Embedding = "shared.weight";
    private const string Head = "lm_head.weight";
    private const int MostListed = 8;

    // Other names of the shared embedding.
    private static readonly string[] EmbeddingAliases = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];

    // The first T5 checkpoints contain this table, which no version of the model uses.
    private const string UnusedTable = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

    /// <summary>
    /// Loads a model in evaluation mode. Every name and shape is checked before any weight is read.
    /// </summary>
    /// <param name="folder">Holds the configuration and the weights.</param>
    /// <param name="device">Default: the CPU.</param>
    /// <param name="dtype">Default: float32, regardless of the stored type.</param>
    /// <param name="dropout">Dropout for training; default: the configuration's.</param>
    /// <exception cref="InvalidDataException">A file is malformed, or does not match the configuration: all differences are listed.</exception>
    public static T5Model Load(string folder, Device? device = null, ScalarType? dtype = null, double? dropout = null)
    {
        var config = T5Config.Load(Path.Combine(folder, ConfigFile));
        using var weights = SafetensorsFolder.Open(folder);
        Check(config, weights);
        var model = T5Model.Unset(config, dtype ?? ScalarType.Float32, dropout);
        try
        {
            var parameters = model.named_parameters().ToDictionary(item => item.name, item => item.parameter);
            foreach (var (name, parameter) in parameters)
            {
                var source = SourceOf(name, config, weights);
                weights.Tensors[source].ReadInto(source, parameter);
            }
            model.eval();
            if (device is not null)
                model.to(device.type, device.index);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the model in the form that <see cref="Load"/> and Hugging Face read, without adapters that are not merged. Each file is replaced
    /// atomically.
    /// </summary>
    /// <param name="dtype">Default: the weights' type; bfloat16 halves the file of a float32 model.</param>
    public static void Save(T5Model model, string folder, ScalarType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        using var gradientFree = no_grad();
        Directory.CreateDirectory(folder);
        SafetensorsFile.Save(Path.Combine(folder, SafetensorsFolder.SingleFile),
            model.OwnParameters().Select(item => (item.Name, dtype is { } type ? item.Parameter.to(type) : item.Parameter)),
            new Dictionary<string, string> { ["format"] = "pt" });
        model.Config.Save(Path.Combine(folder, ConfigFile));
    }

    /// <summary>The same, with a copy of the vocabulary.</summary>
    public static void Save(T5Model model, string folder, string vocabulary, ScalarType? dtype = null)
    {
        Save(model, folder, dtype);
        File.Copy(vocabulary, Path.Combine(folder, "spiece.model"), overwrite: true);
    }

    private static string SourceOf(string name, T5Config config, SafetensorsFolder weights)
    {
        if (name != Embedding || weights.Tensors.ContainsKey(name))
            return name;
        var aliases = config.TieWordEmbeddings ? EmbeddingAliases.Append(Head) : EmbeddingAliases;
        return aliases.FirstOrDefault(weights.Tensors.ContainsKey) ?? name;
    }

    private static void Check(T5Config config, SafetensorsFolder weights)
    {
        var (missing, misshapen) = (new List<string>(), new List<string>());
        var expected = new HashSet<string>();
        foreach (var (name, shape) in T5Shapes.Of(config))
        {
            expected.Add(name);
            var source = SourceOf(name, config, weights);
            if (!weights.Tensors.TryGetValue(source, out var file))
                missing.Add(name);
            else if (file.Entries[source].Shape is var found && !shape.AsSpan().SequenceEqual([.. found]))
                misshapen.Add($"{source} is [{string.Join(", ", found)}] instead of [{string.Join(", ", shape)}]");
            // A configuration of very many layers is not counted to its end.
            if (missing.Count > MostListed)
                break;
        }
        var extra = missing.Count > MostListed ? [] : weights.Tensors.Keys.Where(name => !expected.Contains(name) && !IsExpectedExtra(name, config));
        var problems = new[] { Line("missing", missing), Line("not part of the model", extra), Line("of another shape", misshapen) }
            .OfType<string>().ToList();
        if (problems.Count > 0)
            throw new InvalidDataException($"{weights.Path} does not match {ConfigFile}; {string.Join("; ", problems)}");

        static string? Line(string what, IEnumerable<string> tensors)
        {
            var list = FilePlace.Excerpt(tensors, MostListed);
            return list.Length == 0 ? null : $"{what}: {list}";
        }
    }

    private static bool IsExpectedExtra(string name, T5Config config) =>
        EmbeddingAliases.Contains(name) || name == UnusedTable || (name == Head && config.TieWordEmbeddings);
}
