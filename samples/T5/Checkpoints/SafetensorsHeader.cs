using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>
/// The header of a safetensors file: 8 bytes with the length of a JSON object, then that object,
/// name -> { dtype, shape, data_offsets }, offsets counted from its end.
/// Everything in it is checked against the file's size, so a bad file is refused before any tensor is allocated.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const int LengthBytes = 8;

    // The limit that the format sets.
    private const long MaxHeaderBytes = 100_000_000;

    private readonly string _path;
    private readonly long _dataStart;
    private readonly long _dataBytes;

    public Dictionary<string, SafetensorsEntry> Entries { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    private SafetensorsHeader(string path, long dataStart, long dataBytes)
    {
        _path = path;
        _dataStart = dataStart;
        _dataBytes = dataBytes;
    }

    public static SafetensorsHeader Read(SafeFileHandle file, string path)
    {
        var fileBytes = RandomAccess.GetLength(file);
        if (fileBytes < LengthBytes)
            throw Malformed(path, $"{fileBytes} bytes are too short for a safetensors file.");

        var lengthBytes = new byte[LengthBytes];
        FileBytes.ReadExactly(file, lengthBytes, 0, path);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > MaxHeaderBytes)
            throw Malformed(path, $"the header claims {length} bytes, more than the format's {MaxHeaderBytes}; is this a safetensors file?");
        if ((long)length > fileBytes - LengthBytes)
            throw Malformed(path, $"the header claims {length} bytes, but only {fileBytes - LengthBytes} follow: the file is truncated.");

        var json = new byte[length];
        FileBytes.ReadExactly(file, json, LengthBytes, path);
        var dataStart = LengthBytes + (long)length;
        var header = new SafetensorsHeader(path, dataStart, fileBytes - dataStart);
        header.Parse(json);
        header.CheckLayout();
        return header;
    }

    private void Parse(byte[] json)
    {
        try
        {
            // Refuses invalid UTF-8 too.
            using var document = JsonDocument.Parse(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(json));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Malformed(_path, "the header is not a JSON object.");
            var seen = new HashSet<string>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!seen.Add(property.Name))
                    throw Malformed(_path, $"tensor '{property.Name}' is listed twice.");
                if (property.Name == "__metadata__")
                    ParseMetadata(property.Value);
                else
                    Entries.Add(property.Name, ParseEntry(property.Name, property.Value));
            }
        }
        catch (Exception error) when (error is JsonException or DecoderFallbackException)
        {
            throw Malformed(_path, $"the header is not valid JSON: {error.Message}", error);
        }
    }

    private void ParseMetadata(JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object)
            throw Malformed(_path, "__metadata__ is not an object.");
        foreach (var item in metadata.EnumerateObject())
            Metadata[item.Name] = item.Value.ValueKind == JsonValueKind.String
                ? item.Value.GetString()!
                : throw Malformed(_path, $"__metadata__ '{item.Name}' is not a string.");
    }

    private SafetensorsEntry ParseEntry(string name, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object)
            throw Malformed(_path, $"tensor '{name}': its entry is not an object.");

        var typeName = Member("dtype", JsonValueKind.String).GetString()!;
        var type = SafetensorsTypes.Find(typeName)
            ?? throw Malformed(_path, $"tensor '{name}': the dtype '{typeName}' is unknown (known: {SafetensorsTypes.Known}).");
        var shape = Numbers("shape");
        var offsets = Numbers("data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
            throw Malformed(_path, $"tensor '{name}': data_offsets [{string.Join(", ", offsets)}] are not a start and an end.");
        if (offsets[1] > _dataBytes)
            throw Malformed(_path, $"tensor '{name}' ends at byte {offsets[1]} of the data, which has only {_dataBytes}: the file is truncated.");

        var bytes = ByteCount(name, shape, type.Bytes);
        if (bytes != offsets[1] - offsets[0])
            throw Malformed(_path, $"tensor '{name}': {typeName} [{string.Join(", ", shape)}] takes {bytes} bytes, but data_offsets span " +
                $"{offsets[1] - offsets[0]}.");
        return new SafetensorsEntry(name, type.Type, shape, _dataStart + offsets[0], bytes);

        JsonElement Member(string key, JsonValueKind kind) =>
            entry.TryGetProperty(key, out var value) && value.ValueKind == kind
                ? value
                : throw Malformed(_path, $"tensor '{name}': '{key}' is missing or not {(kind == JsonValueKind.Array ? "an array" : "a string")}.");

        long[] Numbers(string key) =>
            [.. Member(key, JsonValueKind.Array).EnumerateArray().Select(value =>
                value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
                    ? number
                    : throw Malformed(_path, $"tensor '{name}': '{key}' holds {value.GetRawText()}, which is not a whole number of at least 0."))];
    }

    private long ByteCount(string name, long[] shape, int elementBytes)
    {
        try
        {
            return shape.Aggregate((long)elementBytes, (product, size) => checked(product * size));
        }
        catch (OverflowException error)
        {
            throw Malformed(_path, $"tensor '{name}': the shape [{string.Join(", ", shape)}] is too large.", error);
        }
    }

    // The format requires the tensors to fill the data exactly: no overlap, no gap, nothing after the last.
    private void CheckLayout()
    {
        var end = _dataStart;
        string? previous = null;
        foreach (var entry in Entries.Values.OrderBy(entry => entry.Start).ThenBy(entry => entry.End))
        {
            if (entry.Start < end)
                throw Malformed(_path, $"tensor '{entry.Name}' overlaps tensor '{previous}'.");
            if (entry.Start > end)
                throw Malformed(_path, $"{entry.Start - end} bytes before tensor '{entry.Name}' belong to no tensor.");
            (end, previous) = (entry.End, entry.Name);
        }
        if (end != _dataStart + _dataBytes)
            throw Malformed(_path, $"{_dataStart + _dataBytes - end} bytes at the end belong to no tensor.");
    }

    private static InvalidDataException Malformed(string path, string what, Exception? cause = null) => new($"{path}: {what}", cause);
}
