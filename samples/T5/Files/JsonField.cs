using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SamSharp.Samples.T5.Files;

/// <summary>
/// A value of a JSON file that knows where it stands: what is missing, null or of another kind is refused by file, line and key, as in
/// <c>train.jsonl, line 3, questions[0].text: a text is expected, not null.</c>
/// </summary>
public sealed class JsonField
{
    private readonly JsonElement _value;
    private readonly Func<string, string, Exception> _refusal;
    private readonly JsonField? _parent;
    private readonly string _name;
    private readonly int _index;

    /// <param name="value">The value.</param>
    /// <param name="name">Its name in messages; empty for a whole file.</param>
    /// <param name="refusal">Makes the exception for a key and what is said of its value, such as <c>is missing.</c></param>
    public JsonField(JsonElement value, string name, Func<string, string, Exception> refusal) : this(value, refusal, null, name, -1)
    {
    }

    private JsonField(JsonElement value, Func<string, string, Exception> refusal, JsonField? parent, string name, int index)
    {
        (_value, _refusal, _parent, _name, _index) = (value, refusal, parent, name, index);
    }

    internal JsonElement Element => _value;

    /// <summary>What kind of value it is.</summary>
    public JsonValueKind Kind => _value.ValueKind;

    /// <summary>How to get here from the whole, as in <c>questions[0].text</c>.</summary>
    public string Key =>
        _parent is null ? _name
        : _index >= 0 ? $"{_parent.Key}[{_index}]"
        : _parent.Key.Length > 0 ? $"{_parent.Key}.{_name}" : _name;

    /// <summary>A member of an object; missing or null, it is refused.</summary>
    public JsonField this[string name] => Find(name) ?? throw Child(default, name).Refused(Kind == JsonValueKind.Object && Has(name)
        ? "is null." : "is missing.");

    /// <summary>A member of an object, or null where it is missing or null itself.</summary>
    public JsonField? Find(string name)
    {
        if (Kind != JsonValueKind.Object)
            throw Unexpected("an object");
        return Member(name) is { ValueKind: not JsonValueKind.Null } value ? Child(value, name) : null;
    }

    /// <summary>The elements of a list.</summary>
    public IEnumerable<JsonField> Items() => Kind == JsonValueKind.Array
        ? _value.EnumerateArray().Select((item, i) => new JsonField(item, _refusal, this, "", i))
        : throw Unexpected("a list");

    /// <summary>The members of an object by name.</summary>
    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        if (Kind != JsonValueKind.Object)
            throw Unexpected("an object");
        foreach (var member in _value.EnumerateObject())
        {
            var name = NameOf(member);
            yield return (name, Child(member.Value, name));
        }
    }

    /// <summary>A text.</summary>
    public string Text()
    {
        if (Kind != JsonValueKind.String)
            throw Unexpected("a text");
        if (JsonMarshal.GetRawUtf8Value(_value).Length > LineReader.LongestRow)
            throw Refused($"is longer than {LineReader.LongestRow >> 20} MB.");
        try
        {
            return _value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Refused($"{JsonText.HalfPair}.");
        }
    }

    /// <summary>A text, or what is as good as one: a number, true or false.</summary>
    public string Label() => Kind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False ? _value.GetRawText() : Text();

    /// <summary>A whole number of 32 bits.</summary>
    public int WholeNumber() => Kind == JsonValueKind.Number && _value.TryGetInt32(out var number) ? number : throw Unexpected("a whole number");

    /// <summary>A finite number.</summary>
    public double Number() => Kind == JsonValueKind.Number && _value.TryGetDouble(out var number) && double.IsFinite(number)
        ? number : throw Unexpected("a number");

    /// <summary>True or false.</summary>
    public bool Flag() => Kind is JsonValueKind.True or JsonValueKind.False ? _value.GetBoolean() : throw Unexpected("true or false");

    /// <summary>The value as the file writes it.</summary>
    public string Json() => _value.GetRawText();

    /// <summary>The exception for this value.</summary>
    /// <param name="problem">What is said of it, as in <c>is empty.</c></param>
    public Exception Refused(string problem) => _refusal(Key, problem);

    /// <summary>The exception for a value of another kind than was expected.</summary>
    public Exception Unexpected(string expected) => Refused(
        Kind == JsonValueKind.Undefined ? $"is not {expected}." : $"is {FilePlace.Excerpt(Beginning())}, expected {expected}.");

    // More than a message shows.
    private string Beginning()
    {
        var json = JsonMarshal.GetRawUtf8Value(_value);
        return Encoding.UTF8.GetString(json[..Math.Min(json.Length, 1000)]);
    }

    private JsonField Child(JsonElement value, string name) => new(value, _refusal, this, name, -1);

    private bool Has(string name) => Member(name) is not null;

    private JsonElement? Member(string name)
    {
        JsonElement? found = null;
        foreach (var member in _value.EnumerateObject())
        {
            if (NameOf(member) == name)
                found = member.Value;
        }
        return found;
    }

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw Refused($"has a name that {JsonText.HalfPair}.");
        }
    }
}
