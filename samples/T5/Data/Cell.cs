using System.Text.Json;

namespace SamSharp.Samples.T5.Data;

/// <summary>The value of a column in one row: a text, a nested value of JSON such as a list of answers, or null.</summary>
/// <param name="Text">The text; null for the other two.</param>
/// <param name="Nested">The nested value.</param>
internal readonly record struct Cell(string? Text, JsonElement? Nested = null)
{
    public static Cell Null { get; } = new(null);

    public bool IsNull => Text is null && Nested is null;

    /// <summary>Numbers, true and false are texts as the file writes them.</summary>
    public static Cell Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => Null,
        JsonValueKind.Array or JsonValueKind.Object => new(null, value),
        JsonValueKind.String => new(value.GetString()),
        _ => new(value.GetRawText()),
    };
}
