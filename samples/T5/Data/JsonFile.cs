using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>
/// JSON whose objects are rows and whose properties are columns: one object per line (SuperGLUE and most others), a list of
/// objects, or one object whose <c>data</c> is that list (SQuAD and TriviaQA).
/// </summary>
internal static class JsonFile
{
    private const string ObjectForm = "expected an object such as {\"sentence\": ..., \"label\": ...}.";

    /// <param name="path">The file.</param>
    /// <param name="notice">Told what is odd about the text.</param>
    public static IEnumerable<DataRow> Read(string path, Action<string>? notice = null) =>
        Document(path, notice) is { } document ? FromDocument(path, document) : FromLines(path, notice);

    /// <summary>The whole text as one value, unless each line is one.</summary>
    private static JsonElement? Document(string path, Action<string>? notice)
    {
        using var lines = new LineReader(path, null, LineReader.LongestDocument);
        if (!ReadNotBlank(lines))
            return null;
        var first = Whole(lines.Content);
        var another = ReadNotBlank(lines);
        // The rows are on a line each, whatever one of them holds.
        if (first is { } row)
            return another || List(row) is null ? null : row;
        if (another && Whole(lines.Content) is { ValueKind: JsonValueKind.Object })
            return null;
        return Parse(path, TextFile.ReadUtf8(path, notice)) is var root && List(root) is not null ? root : null;
    }

    private static JsonElement Parse(string path, ReadOnlyMemory<byte> text)
    {
        try
        {
            return JsonText.Parse(text.Span);
        }
        catch (JsonException error)
        {
            throw NoObject(path, JsonText.Place(error), error);
        }
    }

    private static bool ReadNotBlank(LineReader lines)
    {
        while (lines.Read())
        {
            if (lines.Content.ContainsAnyExcept(" \t\v\f\r"u8))
                return true;
        }
        return false;
    }

    private static JsonElement? Whole(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonText.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The rows of a document: its list, or the one in it.</summary>
    private static JsonElement? List(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array)
            return root;
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
        foreach (var item in List(root)!.Value.EnumerateArray())
            yield return Row(new(path, $"item {++number}"), item);
    }

    private static IEnumerable<DataRow> FromLines(string path, Action<string>? notice)
    {
        foreach (var (number, line) in NotBlank(path, notice))
        {
            JsonElement value;
            try
            {
                value = JsonText.Parse(line);
            }
            catch (JsonException error)
            {
                throw NoObject(path, $"line {number}, byte {error.BytePositionInLine}", error);
            }
            yield return Row(new(path, $"line {number}"), value);
        }
    }

    private static IEnumerable<(int Number, string Text)> NotBlank(string path, Action<string>? notice) =>
        TextFile.Lines(path, notice).Where(line => !string.IsNullOrWhiteSpace(line.Text));

    private static FormatException NoObject(string path, string where, JsonException error) => new FilePlace(path, where)
        .Data($"this is not a JSON object. Each line must be a complete one. ({JsonText.Reason(error)})", error);

    private static DataRow Row(FilePlace place, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw place.Data(ObjectForm);
        var fields = new JsonField(item, "", (key, problem) =>
            (key.Length > 0 ? place with { Key = $"column '{FilePlace.Excerpt(key)}'" } : place).Data($"it {problem}"));
        Dictionary<string, Cell> cells = [];
        foreach (var (name, value) in fields.Members())
            cells.Add(name, value.Kind == JsonValueKind.String ? new(value.Text()) : Cell.Of(value.Element));
        return new(place.Path, place.Where, cells);
    }
}
