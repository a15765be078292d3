using System.Text.Json;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>SuperGLUE's form: one JSON object a line, its properties the columns.</summary>
internal static class JsonLinesFile
{
    public static IEnumerable<DataRow> Read(string path)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
                yield return new(path, number, Parse(path, number, line));
        }
    }

    private static Dictionary<string, string> Parse(string path, int number, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException($"{path}, line {number}: an object is expected, as in {{\"sentence\": ..., \"label\": ...}}.");
            Dictionary<string, string> columns = [];
            foreach (var property in document.RootElement.EnumerateObject())
            {
                columns[property.Name] = property.Value.ValueKind == JsonValueKind.String
                    ? property.Value.GetString()!
                    : property.Value.GetRawText();
            }
            return columns;
        }
        catch (JsonException error)
        {
            throw new FormatException(
                $"{path}, line {number}, byte {error.BytePositionInLine}: this is no JSON object. Each line should be a whole one.", error);
        }
    }
}
