using System.Text.Json;
using SamSharp.Samples.T5.Checkpoints;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// The files of a comparison: a file for each finished trial, so that a comparison is resumed by doing what is missing, and so that several
/// processes may share the work: each takes what no other has taken.
/// </summary>
/// <param name="folder">The comparison's folder; made when first written to.</param>
public sealed class TrialStore(string folder)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static readonly string[] Scratch = ["work", "claims"];

    private readonly Dictionary<string, TrialResult> _known = [];

    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>The results as JSON lines.</summary>
    public string Lines => Path.Combine(Folder, "results.jsonl");

    private string Trials => Path.Combine(Folder, "trials");

    /// <summary>Where a trial keeps its files while it runs.</summary>
    public string WorkOf(Trial trial) => Path.Combine(Folder, "work", trial.Name);

    /// <summary>A folder for a run's final weights, which another run of the same cell reads.</summary>
    public string SolutionOf(string cell) => Path.Combine(Folder, "work", $"{cell}-solution");

    /// <summary>A trial's result, or null while it is not finished.</summary>
    public TrialResult? Find(Trial trial)
    {
        if (_known.TryGetValue(trial.Name, out var result))
            return result;
        var path = FileOf(trial);
        return File.Exists(path) ? _known[trial.Name] = Read<TrialResult>(path) : null;
    }

    public void Save(TrialResult result)
    {
        Write(FileOf(result.Trial), result);
        _known[result.Trial.Name] = result;
    }

    /// <summary>The way between two solutions of a cell, or null where it was not measured.</summary>
    public SolutionSlice? FindSlice(string cell) => File.Exists(SliceOf(cell)) ? Read<SolutionSlice>(SliceOf(cell)) : null;

    public void Save(SolutionSlice slice) => Write(SliceOf(slice.Cell), slice);

    /// <summary>Takes a piece of work, or says by null that another process has it. Disposing, or the process's end, gives it back.</summary>
    public IDisposable? TryTake(string work) => FileLock.TryAcquire(Path.Combine(Folder, "claims", work));

    /// <summary>Writes all results given, a JSON line each.</summary>
    public void WriteLines(IEnumerable<TrialResult> results) => AtomicFile.Write(Lines, file =>
    {
        using var writer = new StreamWriter(file, leaveOpen: true) { NewLine = "\n" };
        foreach (var result in results)
            writer.WriteLine(JsonSerializer.Serialize(result, Json));
    });

    /// <summary>The results of JSON lines that were written before.</summary>
    public static IReadOnlyList<TrialResult> ReadLines(string path) =>
        [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => JsonSerializer.Deserialize<TrialResult>(line, Json)!)];

    /// <summary>Removes what only a running comparison needs.</summary>
    public void CleanUp()
    {
        foreach (var scratch in Scratch.Select(name => Path.Combine(Folder, name)).Where(Directory.Exists))
            Directory.Delete(scratch, recursive: true);
    }

    private string FileOf(Trial trial) => Path.Combine(Trials, trial.Name + ".json");

    private string SliceOf(string cell) => Path.Combine(Trials, cell + "-slice.json");

    private static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), Json) ?? throw new InvalidDataException($"{path} is empty: delete it and run again with --resume.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} cannot be read: delete it and run again with --resume. {exception.Message}", exception);
        }
    }

    private static void Write<T>(string path, T value) => AtomicFile.Write(path, file => JsonSerializer.Serialize(file, value, Json));
}
