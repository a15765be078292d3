using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Checkpoints;

/// <summary>
/// The weights of a model folder as one set of named tensors: <c>model.safetensors</c>, or the shards that
/// <c>model.safetensors.index.json</c> lists.
/// </summary>
public sealed class SafetensorsFolder : IDisposable
{
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];

    private SafetensorsFolder(string path) => Path = path;

    /// <summary>The single file or the index, for messages.</summary>
    public string Path { get; }

    /// <summary>The file that contains each tensor.</summary>
    public Dictionary<string, SafetensorsFile> Tensors { get; } = [];

    /// <exception cref="FileNotFoundException">The folder has neither a single file nor an index.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or the index does not fit its shards.</exception>
    public static SafetensorsFolder Open(string folder)
    {
        var single = System.IO.Path.Combine(folder, SingleFile);
        var index = System.IO.Path.Combine(folder, IndexFile);
        var isSingle = File.Exists(single);
        if (!isSingle && !File.Exists(index))
            throw new FileNotFoundException($"{folder}: contains neither {SingleFile} nor {IndexFile}. Convert a folder that only has "
                + "pytorch_model.bin to safetensors first.", single);

        var opened = new SafetensorsFolder(isSingle ? single : index);
        try
        {
            if (isSingle)
                opened.AddFile(single);
            else
                opened.AddShards(folder, index);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void AddFile(string path)
    {
        var file = OpenFile(path);
        foreach (var name in file.Entries.Keys)
            Tensors.Add(name, file);
    }

    private void AddShards(string folder, string index)
    {
        foreach (var shard in SafetensorsIndex.Read(index).GroupBy(item => item.Value, item => item.Key))
        {
            var path = System.IO.Path.Combine(folder, shard.Key);
            if (!File.Exists(path))
                throw new FileNotFoundException($"{index}: the shard '{FilePlace.Excerpt(shard.Key)}' that it lists does not exist.", path);
            var file = OpenFile(path);
            foreach (var name in shard)
                Tensors[name] = file.Entries.ContainsKey(name)
                    ? file
                    : throw new InvalidDataException(
                        $"{index}: tensor '{FilePlace.Excerpt(name)}' is not in its shard '{FilePlace.Excerpt(shard.Key)}'.");
        }
    }

    private SafetensorsFile OpenFile(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        return file;
    }
}
