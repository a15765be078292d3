using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// The files of a comparison. While it runs, each finished trial has a file, so that a resumed comparison only does the missing ones
/// and several processes can share the work by claiming trials. In the end all results become lines of one file, from which a
/// comparison can also be resumed.
/// </summary>
public sealed class TrialStore
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly JsonSerializerOptions Strictly = JsonText.Strictly(Json);

    private const string LockFile = "comparison.lock";

    private readonly Dictionary<string, TrialResult> _results = [];
    private readonly Dictionary<string, SolutionSlice> _slices = [];
    private DateTime _linesRead;

    /// <param name="folder">The comparison's folder, created on first write.</param>
    public TrialStore(string folder) => Folder = Path.GetFullPath(folder);

    public string Folder { get; }

    /// <summary>The results as JSON lines.</summary>
    public string Lines => Path.Combine(Folder, "results.jsonl");

    /// <summary>The settings that all runs of the comparison share.</summary>
    public string Settings => Path.Combine(Folder, RunFolder.ComparisonFile);

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

    /// <summary>Removes the files of a trial whose result is saved.</summary>
    public void Discard(Trial trial) => AtomicFolder.Delete(WorkOf(trial));

    /// <summary>Notices that the comparison's folder was deleted.</summary>
    /// <exception cref="IOException">It was.</exception>
    public void RequireFolder()
    {
        if (!File.Exists(Settings))
            throw new IOException($"{Settings} is gone: the folder of the comparison was deleted or moved while it was written to.");
    }

    /// <summary>
    /// Writes all results as lines, those of earlier comparisons and of other processes too, and removes the files that only a running
    /// comparison needs. What other processes still work on stays.
    /// </summary>
    public void Finish()
    {
        using var held = FileLock.AcquireAsync(Path.Combine(Folder, LockFile), () => { }, CancellationToken.None).GetAwaiter().GetResult();
        ReadLines();
        WriteLines(Lines, _results);
        WriteLines(SliceLines, _slices);
        foreach (var trial in _results.Values.Select(result => result.Trial))
        {
            DeleteFile(FileOf(trial));
            Discard(trial);
            Release(trial.Name);
            if (Release(trial.Cell))
                AtomicFolder.Delete(SolutionOf(trial.Cell));
        }
        foreach (var cell in _slices.Keys)
            DeleteFile(SliceOf(cell));
        AtomicFolder.DeleteUnfinished(Work);
        foreach (var folder in new[] { Trials, Work, Claims }.Where(Directory.Exists))
        {
            if (!Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
    }

    // Whether nobody works on it any more.
    private bool Release(string work)
    {
        var claim = Path.Combine(Claims, work);
        if (!File.Exists(claim))
            return true;
        using var held = FileLock.TryAcquire(claim);
        if (held is not null)
            File.Delete(claim);
        return held is not null;
    }

    private static void DeleteFile(string path)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return;
        File.Delete(path);
        AtomicFile.DeleteUnfinished(Path.GetDirectoryName(path)!, Path.GetFileName(path));
    }

    /// <summary>Parses the lines of results.</summary>
    public static IReadOnlyList<TrialResult> ReadLines(string path) => [.. Parse<TrialResult>(path)];

    private T? Find<T>(Dictionary<string, T> known, string name, string path) where T : class
    {
        if (known.TryGetValue(name, out var found))
            return found;
        try
        {
            if (File.Exists(path))
                return known[name] = Read<T>(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // Another process has just written it as a line.
        }
        ReadNewLines();
        return known.GetValueOrDefault(name);
    }

    private void ReadNewLines()
    {
        if (!File.Exists(Lines) || File.GetLastWriteTimeUtc(Lines) == _linesRead)
            return;
        _linesRead = File.GetLastWriteTimeUtc(Lines);
        ReadLines();
    }

    private void ReadLines()
    {
        foreach (var result in Parse<TrialResult>(Lines))
            _results.TryAdd(result.Trial.Name, result);
        foreach (var slice in Parse<SolutionSlice>(SliceLines))
            _slices.TryAdd(slice.Cell, slice);
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
