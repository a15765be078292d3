using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parquet.Schema;
using Parquet.Serialization;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>Parquet, the format of data sets on the Hugging Face hub; lists and structures become JSON.</summary>
internal static class ParquetFile
{
    /// <exception cref="FormatException">The file is not a parquet file, or cannot be read.</exception>
    public static IEnumerable<DataRow> Read(string path)
    {
        var (schema, rows) = Load(path);
        _ = new TableHeader([.. schema.Fields.Select(field => field.Name)], new(path));
        var number = 0;
        foreach (var row in rows)
        {
            var place = new FilePlace(path, $"row {++number}");
            yield return new(path, place.Where, schema.Fields.ToDictionary(field => field.Name, field => Value(row, field, place)));
        }
    }

    private static (ParquetSchema Schema, IList<Dictionary<string, object>> Rows) Load(string path)
    {
        try
        {
            ParquetStructure.Check(path);
            using var file = File.OpenRead(path);
            var result = ParquetSerializer.DeserializeUntypedAsync(file).GetAwaiter().GetResult();
            return (result.Schema, result.Data);
        }
        catch (Exception error) when (error is not (UnauthorizedAccessException or FileNotFoundException))
        {
            throw new FilePlace(path).Data($"it is not a readable parquet file ({FilePlace.Excerpt(error.Message.TrimEnd('.'))}). Download it " +
                "again, or provide the data as JSON lines.", error);
        }
    }

    // A null value has no entry in the row, and neither has an empty list.
    private static Cell Value(Dictionary<string, object> row, Field field, FilePlace place)
    {
        var value = row.GetValueOrDefault(field.Name);
        try
        {
            return value switch
            {
                null => field.SchemaType == SchemaType.List || field is DataField { IsArray: true } ? new(null, JsonText.Parse("[]")) : Cell.Null,
                string text => new(text),
                bool flag => new(flag ? "true" : "false"),
                IFormattable number => new(number.ToString(null, CultureInfo.InvariantCulture)),
                _ => new(null, JsonText.Parse(Node(value)!.ToJsonString())),
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            throw (place with { Key = $"column '{FilePlace.Excerpt(field.Name)}'" })
                .Data($"the value cannot be read ({FilePlace.Excerpt(error.Message.TrimEnd('.'))}).", error);
        }
    }

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        ReadOnlyMemory<char> text => JsonValue.Create(text.ToString()),
        IDictionary<string, object> fields => new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, Node(field.Value)))),
        IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(Node)]),
        _ => JsonValue.Create(value),
    };
}
