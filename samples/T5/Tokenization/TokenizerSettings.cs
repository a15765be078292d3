using System.Globalization;
using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>
/// What Hugging Face keeps beside a vocabulary: <c>tokenizer_config.json</c> and <c>added_tokens.json</c>, either of which may be missing. A token
/// that they add and the vocabulary lacks is refused: text would be cut into other ids without it.
/// </summary>
public sealed class TokenizerSettings
{
    /// <summary>The file of settings.</summary>
    public const string ConfigFile = "tokenizer_config.json";

    private const string AddedFile = "added_tokens.json";

    private readonly string _path;
    private readonly JsonField? _values;
    private readonly List<(int Id, string Text, JsonField Place)> _added = [];

    /// <param name="folder">The vocabulary's folder.</param>
    /// <exception cref="InvalidDataException">A file is malformed.</exception>
    public TokenizerSettings(string folder)
    {
        _path = Path.Combine(folder, ConfigFile);
        if (File.Exists(_path))
        {
            _values = JsonText.Read(_path);
            foreach (var (id, token) in _values.Find("added_tokens_decoder")?.Members() ?? [])
            {
                if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                    throw token.Refused("has a name that is no id.");
                _added.Add((number, token["content"].Text(), token));
            }
        }
        var more = Path.Combine(folder, AddedFile);
        if (!File.Exists(more)) return;
        foreach (var (text, id) in JsonText.Read(more).Members()) _added.Add((id.WholeNumber(), text, id));
    }

    /// <summary>A switch, or null.</summary>
    public bool? Flag(string key) => _values?.Find(key)?.Flag();

    /// <summary>A whole number, or null.</summary>
    public int? Number(string key) => _values?.Find(key)?.WholeNumber();

    /// <summary>Refuses a special token that is not the vocabulary's.</summary>
    /// <exception cref="InvalidDataException">It is another one.</exception>
    public void RequireToken(string key, string own)
    {
        if (_values?.Find(key) is not { } field) return;
        var text = field.Kind == JsonValueKind.Object ? field["content"].Text() : field.Text();
        if (text != own) throw field.Refused($"is '{FilePlace.Excerpt(text)}', and only '{FilePlace.Excerpt(own)}' is supported.");
    }

    /// <summary>Refuses added tokens that the vocabulary does not have at the same ids.</summary>
    /// <param name="textOf">The vocabulary's text at an id, or null.</param>
    /// <exception cref="InvalidDataException">There is one.</exception>
    public void RequireKnown(Func<int, string?> textOf)
    {
        foreach (var (id, text, place) in _added)
        {
            if (textOf(id) != text)
                throw place.Refused($"adds the token '{FilePlace.Excerpt(text)}' with id {id}, which the vocabulary does not have.");
        }
    }

    /// <summary>A fault of the file of settings.</summary>
    public InvalidDataException Refused(string key, string problem) => new FilePlace(_path, Key: $"'{key}'").Model(problem);
}
