using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
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

    // As many as NumPy and PyTorch's operators take.
    private const int MostDimensions = 64;

    // The format's own bound.
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
        if (lengthBytes.AsSpan().StartsWith("version "u8))
            throw Malformed(path, "this is a pointer of Git LFS, not the file itself. Fetch it with: git lfs pull.");
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
            if (!Utf8.IsValid(json))
                throw Malformed(_path, "the header is not valid JSON: it is not UTF-8.");
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Malformed(_path, "the header is not a JSON object.");
            var seen = new HashSet<string>();
            foreach (var (name, value) in Field(document.RootElement, "the header").Members())
            {
                if (!seen.Add(name))
                    throw Malformed(_path, $"tensor '{FilePlace.Excerpt(name)}' is listed twice.");
                if (name == "__metadata__")
                    ParseMetadata(value);
                else
                    Entries.Add(name, ParseEntry(name, value.Element));
            }
        }
        catch (JsonException error)
        {
            throw Malformed(_path, $"the header is not valid JSON: {JsonText.Reason(error)}", error);
        }
    }

    // Rust's reader takes null for no metadata.
    private void ParseMetadata(JsonField metadata)
    {
        if (metadata.Kind == JsonValueKind.Null)
            return;
        if (metadata.Kind != JsonValueKind.Object)
            throw Malformed(_path, "__metadata__ is not an object.");
        foreach (var (name, value) in metadata.Members())
        {
            if (value.Kind != JsonValueKind.String)
                throw Malformed(_path, $"__metadata__ '{FilePlace.Excerpt(name)}' is not a string.");
            if (!Metadata.TryAdd(name, value.Text()))
                throw Malformed(_path, $"__metadata__ '{FilePlace.Excerpt(name)}' is listed twice.");
        }
    }

    private JsonField Field(JsonElement value, string name) => new(value, name, (key, problem) =>
        Malformed(_path, $"{FilePlace.Excerpt(key)} {problem}"));

    private SafetensorsEntry ParseEntry(string name, JsonElement entry)
    {
        var tensor = $"tensor '{FilePlace.Excerpt(name)}'";
        if (entry.ValueKind != JsonValueKind.Object)
            throw Malformed(_path, $"{tensor}: its entry is not an object.");

        var typeName = Field(Member("dtype", JsonValueKind.String), $"{tensor}: 'dtype'").Text();
        var type = SafetensorsTypes.Find(typeName)
            ?? throw Malformed(_path, $"{tensor}: the dtype '{FilePlace.Excerpt(typeName)}' is unknown (known: {SafetensorsTypes.Known}).");
        var shape = Numbers("shape");
        if (shape.Length > MostDimensions)
            throw Malformed(_path, $"{tensor}: it has {shape.Length} dimensions, more than the {MostDimensions} that are possible.");
        var offsets = Numbers("data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
            throw Malformed(_path, $"{tensor}: data_offsets [{Excerpt(offsets)}] are not a start and an end.");
        if (offsets[1] > _dataBytes)
            throw Malformed(_path, $"{tensor} ends at byte {offsets[1]} of the data, which has only {_dataBytes}: the file is truncated.");

        var bytes = ByteCount(tensor, shape, type.Bytes);
        if (bytes != offsets[1] - offsets[0])
        {
            throw Malformed(_path, $"{tensor}: {typeName} [{Excerpt(shape)}] takes {bytes} bytes, but data_offsets span " +
                $"{offsets[1] - offsets[0]}.");
        }
        return new SafetensorsEntry(name, type.Type, shape, _dataStart + offsets[0], bytes);

        JsonElement Member(string key, JsonValueKind kind) =>
            Field(entry, tensor).Find(key) is { } value && value.Kind == kind
                ? value.Element
                : throw Malformed(_path, $"{tensor}: '{key}' is missing or not {(kind == JsonValueKind.Array ? "an array" : "a string")}.");

        long[] Numbers(string key) =>
            [.. Member(key, JsonValueKind.Array).EnumerateArray().Select(value =>
                value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
                    ? number
                    : throw Malformed(_path,
                        $"{tensor}: '{key}' holds {FilePlace.Excerpt(value.GetRawText())}, which is not a whole number of at least 0."))];
    }

    // libtorch counts the steps through a tensor even where one of its sizes is 0.
    private long ByteCount(string tensor, long[] shape, int elementBytes)
    {
        try
        {
            var steps = shape.Aggregate((long)elementBytes, (product, size) => checked(product * Math.Max(size, 1)));
            return shape.Contains(0) ? 0 : steps;
        }
        catch (OverflowException error)
        {
            throw Malformed(_path, $"{tensor}: the shape [{Excerpt(shape)}] is too large.", error);
        }
    }

    private static string Excerpt(long[] numbers) => FilePlace.Excerpt(numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    // The format wants the tensors to fill the data exactly: no overlap, no gap, nothing behind.
    private void CheckLayout()
    {
        var end = _dataStart;
        string? previous = null;
        foreach (var entry in Entries.Values.OrderBy(entry => entry.Start).ThenBy(entry => entry.End))
        {
            if (entry.Start < end)
                throw Malformed(_path, $"tensor '{FilePlace.Excerpt(entry.Name)}' overlaps tensor '{FilePlace.Excerpt(previous)}'.");
            if (entry.Start > end)
                throw Malformed(_path, $"{entry.Start - end} bytes before tensor '{FilePlace.Excerpt(entry.Name)}' belong to no tensor.");
            (end, previous) = (entry.End, entry.Name);
        }
        if (end != _dataStart + _dataBytes)
            throw Malformed(_path, $"{_dataStart + _dataBytes - end} bytes at the end belong to no tensor.");
    }

    private static InvalidDataException Malformed(string path, string what, Exception? cause = null) => new($"{path}: {what}", cause);
}
