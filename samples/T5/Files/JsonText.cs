using System.Text.Json;

namespace SamSharp.Samples.T5.Files;

/// <summary>Reads JSON files by the rule of <see cref="TextFile"/>.</summary>
public static class JsonText
{
    internal const string HalfPair = "holds half a surrogate pair (\\ud800 to \\udfff), which is no character";

    private const string Remedy = "delete it and run again with --resume.";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The one value of a model's or a run's file. Of names that come twice in an object the last counts, as in Python.</summary>
    /// <exception cref="InvalidDataException">It is not JSON; the message has the line.</exception>
    public static JsonField Read(string path)
    {
        try
        {
            return new(JsonElement.Parse(TextFile.ReadUtf8(path).Span), "", (key, problem) => new FilePlace(path).Model(Said(key, problem)));
        }
        catch (JsonException error)
        {
            throw new FilePlace(path, Place(error)).Model("is not a JSON object: " + Reason(error), error);
        }
        catch (FormatException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    /// <summary>An object that a run wrote.</summary>
    /// <exception cref="InvalidDataException">The file is not one; the message says what to do.</exception>
    public static T ReadObject<T>(string path, JsonSerializerOptions options) where T : class
    {
        try
        {
            return ReadObject<T>(TextFile.ReadUtf8(path).Span, new(path), options);
        }
        catch (FormatException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    /// <inheritdoc cref="ReadObject{T}(string, JsonSerializerOptions)"/>
    public static T ReadObject<T>(ReadOnlySpan<byte> json, FilePlace place, JsonSerializerOptions options) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, options) ?? throw place.Model($"it holds null: {Remedy}");
        }
        // What a value of the object refuses is an ArgumentException.
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            var where = error is JsonException { LineNumber: { } line, Path: var key } ? $" (line {line + 1}, {FilePlace.Excerpt(key)})" : "";
            throw place.Model($"it cannot be read{where}: {Remedy} {FilePlace.Excerpt(error.Message.Split(" Path:")[0], 160)}", error);
        }
    }

    /// <summary>Options to read with what only a whole file of this version has.</summary>
    public static JsonSerializerOptions Strictly(JsonSerializerOptions options) => new(options)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>A JSON value; an object in which a name comes twice is none, as nobody knows which value is meant.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonElement.Parse(utf8, Strict);
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException($"a name {HalfPair}", error);
        }
    }

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static JsonElement Parse(string text)
    {
        try
        {
            return JsonElement.Parse(text, Strict);
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException($"a name {HalfPair}", error);
        }
    }

    /// <summary>Where an error is: <c>line 3, byte 17</c>.</summary>
    public static string Place(JsonException error, long firstLine = 1) =>
        error.LineNumber is { } line ? $"line {line + firstLine}, byte {error.BytePositionInLine}" : "";

    /// <summary>What is wrong, without the place that .NET adds.</summary>
    public static string Reason(JsonException error)
    {
        var reason = error.Message.Split([" LineNumber:", " Path:"], StringSplitOptions.None)[0].Trim();
        return FilePlace.Excerpt(reason, 160);
    }

    /// <summary>What is said of the value of a key.</summary>
    public static string Said(string key, string problem) => key.Length == 0 ? $"it {problem}" : $"'{FilePlace.Excerpt(key)}' {problem}";
}
