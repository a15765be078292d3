using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using Parquet.Schema;
using Parquet.Serialization;

namespace SamSharp.Samples.T5.Data;

/// <summary>Parquet, the format of data sets on the Hugging Face hub; lists and structures become JSON.</summary>
internal static class ParquetFile
{
    /// <exception cref="FormatException">The file is not a parquet file, or cannot be read.</exception>
    public static IEnumerable<DataRow> Read(string path)
    {
        var (schema, rows) = Load(path);
        var number = 0;
        foreach (var row in rows)
        {
            number++;
            yield return new(path, number, schema.Fields.ToDictionary(field => field.Name, field => Text(row.GetValueOrDefault(field.Name), field)));
        }
    }

    private static (ParquetSchema Schema, IList<Dictionary<string, object>> Rows) Load(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var result = ParquetSerializer.DeserializeUntypedAsync(file).GetAwaiter().GetResult();
            return (result.Schema, result.Data);
        }
        catch (Exception error) when (error is not (UnauthorizedAccessException or FileNotFoundException or OutOfMemoryException))
        {
            throw new FormatException($"{path} is not a readable parquet file ({error.Message.TrimEnd('.')}). Download it again, or provide the " +
                "data as JSON lines.", error);
        }
    }

    // Neither a null value nor an empty list has an entry in the row.
    private static string Text(object? value, Field field) => value switch
    {
        null => field.SchemaType == SchemaType.List || field is DataField { IsArray: true } ? "[]" : "null",
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Node(value)!.ToJsonString(),
    };

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
