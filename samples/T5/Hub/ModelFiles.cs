using SamSharp.Samples.T5.Checkpoints;

namespace SamSharp.Samples.T5.Hub;

/// <summary>The files of a T5: its configuration, its weights and, unless given separately, its vocabulary.</summary>
/// <param name="WithVocabulary">Whether the vocabulary is one of them.</param>
public sealed record ModelFiles(bool WithVocabulary = true)
{
    public const string Vocabulary = "spiece.model";

    /// <summary>The vocabulary's file.</summary>
    public string VocabularyFile { get; init; } = Vocabulary;

    /// <summary>The files other than the weights.</summary>
    public IReadOnlyList<string> BesideWeights => WithVocabulary ? [T5Checkpoint.ConfigFile, VocabularyFile] : [T5Checkpoint.ConfigFile];

    /// <summary>Whether a folder contains all of them.</summary>
    public bool AreIn(string folder)
    {
        return BesideWeights.All(Has)
            && (Has(SafetensorsFolder.SingleFile)
                || (Has(SafetensorsFolder.IndexFile) && SafetensorsIndex.Read(Path.Combine(folder, SafetensorsFolder.IndexFile)).Values.Distinct()
                    .All(Has)));

        bool Has(string name) => Exists(Path.Combine(folder, name));
    }

    /// <summary>Whether there is a file, and not only a link to one that is gone, or to itself.</summary>
    public static bool Exists(string path)
    {
        try
        {
            return File.Exists(path) && (File.ResolveLinkTarget(path, returnFinalTarget: true)?.Exists ?? true);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
