using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// The values of a flat JSON file, read by key with errors that name the file, the key and the value. A null means the same as no key.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class JsonValues(string path)
{
    private readonly JsonField _values = JsonText.Read(path);

    public int Integer(string key, int? missing = null) =>
        _values.Find(key)?.WholeNumber() ?? missing ?? _values[key].WholeNumber();

    public double Number(string key, double missing) => _values.Find(key)?.Number() ?? missing;

    public bool Flag(string key, bool missing) => _values.Find(key)?.Flag() ?? missing;

    public string Text(string key, string missing) => _values.Find(key)?.Text() ?? missing;
}
