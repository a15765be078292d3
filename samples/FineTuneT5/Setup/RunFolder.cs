using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The folders that runs write to.</summary>
public static class RunFolder
{
    /// <exception cref="ArgumentException">A folder holds a run already.</exception>
    public static void RequireFree(params IEnumerable<string> folders)
    {
        if (folders.FirstOrDefault(TrainingFolder.HoldsRun) is { } taken)
            throw new ArgumentException($"The folder {taken} already holds a run: add --resume to go on with it, or give another --output.");
    }
}
