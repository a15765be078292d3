using System.Text;
using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// The files of a comparison. While it runs, each finished trial has a file, so that a resumed comparison only does the missing ones
/// and several processes can share the work by claiming trials. In the end all results become lines of one file, from which a
/// comparison can also be resumed.
/// </summary>
public sealed class TrialStore
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly JsonSerializerOptions Strictly = JsonText.Strictly(Json);

    private readonly Dictionary<string, TrialResult> _results = [];
    private readonly Dictionary<string, SolutionSlice> _slices = [];
    private DateTime _linesRead;

    /// <param name="folder">The comparison's folder, created on first write.</param>
    public TrialStore(string folder) => Folder = Path.GetFullPath(folder);

    public string Folder { get; }

    /// <summary>The results as JSON lines.</summary>
    public string Lines => Path.Combine(Folder, "results.jsonl");

    private string SliceLines => Path.Combine(Folder, "slices.jsonl");

    private string Trials => Path.Combine(Folder, "trials");

    private string Work => Path.Combine(Folder, "work");

    private string Claims => Path.Combine(Folder, "claims");

    /// <summary>The folder of a trial's files while it runs.</summary>
    public string WorkOf(Trial trial) => Path.Combine(Work, trial.Name);

    /// <summary>The folder for a run's final weights, which another run of the same cell reads.</summary>
    public string SolutionOf(string cell) => Path.Combine(Work, $"{cell}-solution");

    /// <summary>Claims a piece of work; null if another process has it. Disposing, or the process's end, releases it.</summary>
    public IDisposable? TryTake(string work) => FileLock.TryAcquire(Path.Combine(Claims, work));

    /// <summary>A trial's result, or null if it is not finished.</summary>
    public TrialResult? Find(Trial trial) => Find(_results, trial.Name, FileOf(trial));

    /// <summary>The slice between two solutions of a cell, or null if it was not measured.</summary>
    public SolutionSlice? FindSlice(string cell) => Find(_slices, cell, SliceOf(cell));

    public void Save(TrialResult result) => Write(FileOf(result.Trial), _results[result.Trial.Name] = result);

    public void Save(SolutionSlice slice) => Write(SliceOf(slice.Cell), _slices[slice.Cell] = slice);

    /// <summary>Writes all results as lines, and removes the files that only a running comparison needs.</summary>
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
                // Another process that shares the work may have removed it already.
            }
        }
    }

    /// <summary>Parses the lines of results.</summary>
    public static IReadOnlyList<TrialResult> ReadLines(string path) => [.. Parse<TrialResult>(path)];

    private T? Find<T>(Dictionary<string, T> known, string name, string path) where T : class
    {
        if (known.TryGetValue(name, out var found))
            return found;
        if (File.Exists(path))
            return known[name] = Read<T>(path);
        // An earlier run or another process may already have written it as a line.
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

    private static IEnumerable<T> Parse<T>(string path) where T : class => File.Exists(path)
        ? TextFile.Lines(path).Select(line => JsonText.ReadObject<T>(Encoding.UTF8.GetBytes(line.Text), new(path, $"line {line.Number}"), Strictly))
        : [];

    private static T Read<T>(string path) where T : class => JsonText.ReadObject<T>(path, Strictly);

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
