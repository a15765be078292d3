using System.Text.Json;
using SamSharp.Samples.T5.Files;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>Low-rank adapters alone, in the files of Hugging Face's PEFT: <c>adapter_model.safetensors</c> and <c>adapter_config.json</c>.</summary>
public static class LoraFiles
{
    private const string Weights = "adapter_model.safetensors";
    private const string Config = "adapter_config.json";

    /// <summary>Writes the adapters; each file is replaced atomically.</summary>
    /// <param name="adapters">The adapters, with what else of the model trains.</param>
    /// <param name="folder">Created if missing.</param>
    /// <param name="type">Default: the parameters' own type.</param>
    public static void Save(LoraAdapters adapters, string folder, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        SafetensorsFile.Save(Path.Combine(folder, Weights),
            adapters.State().Select(item => (item.Key, type is { } given ? item.Value.to(given) : item.Value)),
            new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.Write(Path.Combine(folder, Config), stream => WriteConfig(adapters, stream));
    }

    /// <summary>Reads what <see cref="Save"/> wrote into adapters of the same layers and rank.</summary>
    /// <exception cref="InvalidDataException">The file does not fit the adapters; nothing has changed.</exception>
    public static void Load(LoraAdapters adapters, string folder)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        using var scope = NewDisposeScope();
        var path = Path.Combine(folder, Weights);
        try
        {
            adapters.Load(SafetensorsFile.ReadAll(path));
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{path} does not fit the model: {error.Message}", error);
        }
    }

    private static void WriteConfig(LoraAdapters adapters, Stream stream)
    {
        var first = adapters.Layers.Values.First();
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", first.Rank);
        json.WriteNumber("lora_alpha", first.Alpha);
        json.WriteNumber("lora_dropout", first.Dropout);
        json.WriteString("bias", "none");
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteStartArray("target_modules");
        foreach (var path in adapters.Layers.Keys)
            json.WriteStringValue(path);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
