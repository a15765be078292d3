using System.Text.Json;
using System.Text.Json.Serialization;

namespace SamSharp.Analysis;

/// <summary>Rows of numbers that need not be finite: the attribute for number handling does not reach nested lists.</summary>
internal sealed class RowsConverter : JsonConverter<IReadOnlyList<IReadOnlyList<double>>>
{
    private static readonly JsonSerializerOptions Named = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public override IReadOnlyList<IReadOnlyList<double>>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<double[][]>(ref reader, Named);

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<IReadOnlyList<double>> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, Named);
}
