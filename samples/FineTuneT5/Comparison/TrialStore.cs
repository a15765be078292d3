using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// The files of a comparison. While it goes on there is a file for each finished trial, so that it is resumed by doing what is missing, and so that
/// several processes may share the work: each takes what no other has taken. In the end all are lines of one file, from which it can be gone on
/// with too.
/// </summary>
public sealed class TrialStore
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Dictionary<string, TrialResult> _results = [];
    private readonly Dictionary<string, SolutionSlice> _slices = [];
    private DateTime _linesRead;

    /// <param name="folder">The comparison's folder; made when first written to.</param>
    public TrialStore(string folder) => Folder = Path.GetFullPath(folder);

    public string Folder { get; }

    /// <summary>The results as JSON lines.</summary>
    public string Lines => Path.Combine(Folder, "results.jsonl");

    private string SliceLines => Path.Combine(Folder, "slices.jsonl");

    private string Trials => Path.Combine(Folder, "trials");

    private string Work => Path.Combine(Folder, "work");

    private string Claims => Path.Combine(Folder, "claims");

    /// <summary>Where a trial keeps its files while it runs.</summary>
    public string WorkOf(Trial trial) => Path.Combine(Work, trial.Name);

    /// <summary>A folder for a run's final weights, which another run of the same cell reads.</summary>
    public string SolutionOf(string cell) => Path.Combine(Work, $"{cell}-solution");

    /// <summary>Takes a piece of work, or says by null that another process has it. Disposing, or the process's end, gives it back.</summary>
    public IDisposable? TryTake(string work) => FileLock.TryAcquire(Path.Combine(Claims, work));

    /// <summary>A trial's result, or null while it is not finished.</summary>
    public TrialResult? Find(Trial trial) => Find(_results, trial.Name, FileOf(trial));

    /// <summary>The way between two solutions of a cell, or null where it was not measured.</summary>
    public SolutionSlice? FindSlice(string cell) => Find(_slices, cell, SliceOf(cell));

    public void Save(TrialResult result) => Write(FileOf(result.Trial), _results[result.Trial.Name] = result);

    public void Save(SolutionSlice slice) => Write(SliceOf(slice.Cell), _slices[slice.Cell] = slice);

    /// <summary>Makes lines of all that was found or saved, and removes the files that only a running comparison needs.</summary>
    public void Finish()
    {
        WriteLines(Lines, _results);
        WriteLines(SliceLines, _slices);
        foreach (var folder in new[] { Trials, Work, Claims }.Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException)
            {
                // Another process that shared the work removes it, too.
            }
        }
    }

    /// <summary>The results that such lines hold.</summary>
    public static IReadOnlyList<TrialResult> ReadLines(string path) => [.. Parse<TrialResult>(path)];

    private T? Find<T>(Dictionary<string, T> known, string name, string path) where T : class
    {
        if (known.TryGetValue(name, out var found))
            return found;
        if (File.Exists(path))
            return known[name] = Read<T>(path);
        // It may be a line already: of an earlier run, or by another process.
        ReadNewLines();
        return known.GetValueOrDefault(name);
    }

    private void ReadNewLines()
    {
        if (!File.Exists(Lines) || File.GetLastWriteTimeUtc(Lines) == _linesRead)
            return;
        _linesRead = File.GetLastWriteTimeUtc(Lines);
        foreach (var result in Parse<TrialResult>(Lines))
            _results[result.Trial.Name] = result;
        foreach (var slice in Parse<SolutionSlice>(SliceLines))
            _slices[slice.Cell] = slice;
    }

    private string FileOf(Trial trial) => Path.Combine(Trials, trial.Name + ".json");

    private string SliceOf(string cell) => Path.Combine(Trials, cell + "-slice.json");

    private static IEnumerable<T> Parse<T>(string path) => File.Exists(path)
        ? File.ReadLines(path).Where(line => line.Length > 0).Select(line => Parse<T>(path, line))
        : [];

    private static T Parse<T>(string path, string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Json)!;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} cannot be read: delete it and run again with --resume. {exception.Message}", exception);
        }
    }

    private static T Read<T>(string path) => Parse<T>(path, File.ReadAllText(path));

    private static void Write<T>(string path, T value) => AtomicFile.Write(path, file => JsonSerializer.Serialize(file, value, Json));

    private static void WriteLines<T>(string path, Dictionary<string, T> values)
    {
        if (values.Count == 0)
            return;
        AtomicFile.Write(path, file =>
        {
            using var writer = new StreamWriter(file, leaveOpen: true) { NewLine = "\n" };
            foreach (var (_, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                writer.WriteLine(JsonSerializer.Serialize(value, Json));
        });
    }
}
