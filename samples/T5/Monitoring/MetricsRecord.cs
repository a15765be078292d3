using System.Text.Json.Nodes;

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

    public static MetricsRecord Parse(string json)
    {
        var line = JsonNode.Parse(json)!.AsObject();
        var values = line.Where(field => field.Key is not ("step" or "split"))
            .ToDictionary(field => field.Key, field => (double?)field.Value ?? double.NaN);
        return new((int)line["step"]!, (string)line["split"]!, values);
    }
}
