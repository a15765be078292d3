using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using SamSharp.Samples.T5.Files;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>
/// A safetensors file: named tensors, row-major and little-endian. Opening it reads and checks only the header; tensors are
/// then read by name, straight into their memory.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    // A span holds at most 2 GB, so large tensors are read and written in pieces.
    private const long PieceElements = 1 << 26;

    private readonly SafeFileHandle _file;
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(string path, SafeFileHandle file, SafetensorsHeader header)
    {
        Path = path;
        _file = file;
        _header = header;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The free text entries of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header against the file's size; no tensor is read yet.</summary>
    /// <exception cref="InvalidDataException">The file is truncated or malformed; the message says where.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            return new SafetensorsFile(path, file, SafetensorsHeader.Read(file, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>All tensors of a file, on the CPU, with their stored types.</summary>
    public static Dictionary<string, Tensor> ReadAll(string path)
    {
        using var file = Open(path);
        return file.Entries.Keys.ToDictionary(name => name, file.Read);
    }

    /// <summary>A tensor on the CPU, with its stored type.</summary>
    /// <exception cref="KeyNotFoundException">The file has no tensor of this name.</exception>
    public Tensor Read(string name)
    {
        var entry = Find(name);
        var tensor = empty([.. entry.Shape], entry.Type, device: CPU);
        Fill(tensor, entry);
        return tensor;
    }

    /// <summary>
    /// Reads a tensor into an existing one of the same shape: directly if the type matches and the destination is contiguous on
    /// the CPU, otherwise converted through a temporary tensor.
    /// </summary>
    /// <exception cref="KeyNotFoundException">The file has no tensor of this name.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public void ReadInto(string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var entry = Find(name);
        if (!destination.shape.AsSpan().SequenceEqual([.. entry.Shape]))
            throw new ArgumentException($"{Path}: tensor '{name}' has shape [{string.Join(", ", entry.Shape)}], but the one it is read into has "
                + $"[{string.Join(", ", destination.shape)}].", nameof(destination));

        using var unrecorded = no_grad();
        if (destination.dtype == entry.Type && destination.device.type == TorchSharp.DeviceType.CPU && destination.is_contiguous())
        {
            Fill(destination, entry);
            return;
        }
        using var stored = Read(name);
        destination.copy_(stored); // returns the destination itself
    }

    /// <summary>
    /// Writes tensors of any device; the path holds the old content until the new one is complete.
    /// </summary>
    /// <exception cref="ArgumentException">Two tensors have the same name.</exception>
    /// <exception cref="NotSupportedException">The format does not support a tensor's type.</exception>
    public static void Save(string path, IEnumerable<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = tensors.ToList();
        var header = WriteHeader(all, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var (_, tensor) in all)
            {
                using var scope = NewDisposeScope();
                foreach (var piece in Pieces(tensor.detach().cpu().contiguous()))
                    stream.Write(piece.bytes);
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private SafetensorsEntry Find(string name) =>
        Entries.TryGetValue(name, out var entry) ? entry : throw new KeyNotFoundException($"{Path}: there is no tensor '{name}'.");

    private void Fill(Tensor tensor, SafetensorsEntry entry)
    {
        using var scope = NewDisposeScope();
        var offset = entry.Start;
        foreach (var piece in Pieces(tensor.detach()))
        {
            var bytes = piece.bytes;
            FileBytes.ReadExactly(_file, bytes, offset, Path);
            offset += bytes.Length;
        }
    }

    private static IEnumerable<Tensor> Pieces(Tensor contiguous)
    {
        using var flat = contiguous.view(-1);
        var count = flat.shape[0];
        for (var start = 0L; start < count; start += PieceElements)
            yield return flat.narrow(0, start, Math.Min(PieceElements, count - start));
    }

    private static byte[] WriteHeader(List<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            var names = new HashSet<string>();
            var offset = 0L;
            foreach (var (name, tensor) in tensors)
            {
                if (!names.Add(name))
                    throw new ArgumentException($"Two tensors are named '{name}'.", nameof(tensors));
                var (type, elementBytes) = SafetensorsTypes.Find(tensor.dtype, name);
                var end = offset + tensor.NumberOfElements * elementBytes;
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                WriteNumbers(json, "shape", tensor.shape);
                WriteNumbers(json, "data_offsets", [offset, end]);
                json.WriteEndObject();
                offset = end;
            }
            json.WriteEndObject();
        }
        // Spaces bring the data to a multiple of 8 bytes.
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(key);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
