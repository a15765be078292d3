using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Checks the folders that runs write to.</summary>
public static class RunFolder
{
    /// <exception cref="ArgumentException">A folder already contains a run.</exception>
    public static void RequireFree(params IEnumerable<string> folders)
    {
        if (folders.FirstOrDefault(TrainingFolder.HoldsRun) is { } taken)
            throw new ArgumentException($"The folder {taken} already contains a run: add --resume to continue it, or choose another --output.");
    }
}
