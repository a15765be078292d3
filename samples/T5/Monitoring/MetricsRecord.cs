using System.Text.Json;
using System.Text.Json.Nodes;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>The metrics of one step: a line of <c>metrics.jsonl</c>, {"step": 10, "split": "train", "loss": 0.69}.</summary>
/// <param name="Split">The data it was measured on: <c>train</c>, <c>dev</c> or <c>test</c>.</param>
public sealed record MetricsRecord(int Step, string Split, IReadOnlyDictionary<string, double> Values)
{
    public string ToJson()
    {
        var line = new JsonObject { ["step"] = Step, ["split"] = Split };
        foreach (var (name, value) in Values)
            line[name] = double.IsFinite(value) ? value : null;
        return line.ToJsonString();
    }

    /// <exception cref="InvalidDataException">It is no such line.</exception>
    public static MetricsRecord Parse(string json) => Parse(json, new("metrics"));

    /// <param name="json">The line.</param>
    /// <param name="place">Where it stands.</param>
    /// <exception cref="InvalidDataException">It is no such line; the message names the place and the key.</exception>
    public static MetricsRecord Parse(string json, FilePlace place)
    {
        JsonElement value;
        try
        {
            value = JsonText.Parse(json);
        }
        catch (JsonException error)
        {
            throw place.Model($"this is no line of metrics: {JsonText.Reason(error)}", error);
        }
        var line = new JsonField(value, "", (key, problem) => place.Model(JsonText.Said(key, problem)));
        var values = line.Members().Where(field => field.Name is not ("step" or "split"))
            .ToDictionary(field => field.Name, field => field.Value.Kind == JsonValueKind.Null ? double.NaN : field.Value.Number());
        return new(line["step"].WholeNumber(), line["split"].Text(), values);
    }
}
