using System.Text.Json;

namespace SamSharp.Samples.T5.Data;

/// <summary>
/// JSON whose objects are rows and whose properties are columns: one object per line (SuperGLUE and most others), a list of
/// objects, or one object whose <c>data</c> is that list (SQuAD and TriviaQA).
/// </summary>
internal static class JsonFile
{
    private const string ObjectForm = "expected an object such as {\"sentence\": ..., \"label\": ...}.";

    public static IEnumerable<DataRow> Read(string path)
    {
        var text = TextFile.ReadAll(path);
        return Document(text) is { } document ? FromDocument(path, document) : FromLines(path, text);
    }

    /// <summary>The whole text as one value, or null if each line is a value.</summary>
    private static JsonElement? Document(string text)
    {
        try
        {
            var root = JsonElement.Parse(text);
            return root.ValueKind == JsonValueKind.Array || List(root) is not null ? root : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonElement? List(JsonElement root)
    {
        foreach (var name in new[] { "data", "Data" })
        {
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array)
                return list;
        }
        return null;
    }

    private static IEnumerable<DataRow> FromDocument(string path, JsonElement root)
    {
        var number = 0;
        foreach (var item in (List(root) ?? root).EnumerateArray())
        {
            number++;
            yield return item.ValueKind == JsonValueKind.Object
                ? Row(path, number, item)
                : throw new FormatException($"{path}, item {number}: {ObjectForm}");
        }
    }

    private static IEnumerable<DataRow> FromLines(string path, string text) =>
        from line in TextFile.LinesOf(text)
        where !string.IsNullOrWhiteSpace(line.Text)
        select Row(path, line.Number, Parse(path, line.Number, line.Text));

    private static JsonElement Parse(string path, int number, string line)
    {
        try
        {
            var value = JsonElement.Parse(line);
            return value.ValueKind == JsonValueKind.Object ? value : throw new FormatException($"{path}, line {number}: {ObjectForm}");
        }
        catch (JsonException error)
        {
            throw new FormatException(
                $"{path}, line {number}, byte {error.BytePositionInLine}: this is not a JSON object. Each line must be a complete one.", error);
        }
    }

    /// <summary>Turns an object into a row: texts as they are, everything else as JSON.</summary>
    private static DataRow Row(string path, int number, JsonElement item)
    {
        Dictionary<string, string> columns = [];
        foreach (var property in item.EnumerateObject())
            columns[property.Name] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
        return new(path, number, columns);
    }
}
