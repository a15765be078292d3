using System.Text.Json;

namespace SamSharp.Samples.T5.Model;

/// <summary>The values of a flat JSON file, read by key with errors that name the file, the key and the value.</summary>
internal sealed class JsonValues
{
    private readonly string _path;
    private readonly Dictionary<string, JsonElement> _values;

    public JsonValues(string path)
    {
        _path = path;
        try
        {
            using var stream = File.OpenRead(path);
            _values = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(stream)
                ?? throw new InvalidDataException($"{path}: holds null instead of an object.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is not a JSON object: {error.Message}", error);
        }
    }

    public int Integer(string key, int? missing = null) =>
        Find(key) is not { } value ? missing ?? throw Missing(key)
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw Wrong(key, value, "a whole number");

    public double Number(string key, double missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : throw Wrong(key, value, "a number");

    public bool Flag(string key, bool missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, value, "true or false");

    public string Text(string key, string missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw Wrong(key, value, "a string");

    // A null in the file means the same as no key.
    private JsonElement? Find(string key) =>
        _values.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private InvalidDataException Missing(string key) => new($"{_path}: the key '{key}' is missing.");

    private InvalidDataException Wrong(string key, JsonElement value, string expected) =>
        new($"{_path}: '{key}' is {value.GetRawText()}, expected {expected}.");
}
