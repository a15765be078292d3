using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Checks and locks the folders that runs write to.</summary>
public static class RunFolder
{
    /// <summary>The file that a comparison's folder holds.</summary>
    public const string ComparisonFile = "comparison.json";

    private const string LockFile = "run.lock";

    /// <summary>Keeps other processes from training in the folders until it is disposed or the process ends. The empty lock files stay.</summary>
    /// <exception cref="IOException">Another process trains in one of them.</exception>
    public static IDisposable Lock(params IEnumerable<string> folders)
    {
        var locks = new HeldLocks();
        try
        {
            foreach (var folder in folders.Select(Path.GetFullPath).Distinct())
            {
                locks.Add(FileLock.TryAcquire(Path.Combine(folder, LockFile)) ?? throw new IOException(
                    $"Another process is training in {folder}: wait until it ends or stop it, or choose another --output."));
            }
            return locks;
        }
        catch
        {
            locks.Dispose();
            throw;
        }
    }

    /// <exception cref="ArgumentException">A folder holds a comparison.</exception>
    public static void RequireNoComparison(params IEnumerable<string> folders)
    {
        if (folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, ComparisonFile))) is { } taken)
            throw new ArgumentException(
                $"The folder {taken} holds a comparison: the command compare goes on with it; a run needs another --output.");
    }

    /// <exception cref="ArgumentException">The folder holds a run that is no comparison.</exception>
    public static void RequireNoRun(string folder)
    {
        if (TrainingFolder.HoldsRun(folder))
            throw new ArgumentException($"The folder {folder} contains a run that is no comparison: choose another --output.");
    }

    /// <exception cref="ArgumentException">A folder already contains a run.</exception>
    public static void RequireFree(params IEnumerable<string> folders)
    {
        if (folders.FirstOrDefault(TrainingFolder.HoldsRun) is { } taken)
            throw new ArgumentException($"The folder {taken} already contains a run: add --resume to continue it, or choose another --output.");
    }

    private sealed class HeldLocks : List<IDisposable>, IDisposable
    {
        public void Dispose() => ForEach(held => held.Dispose());
    }
}
