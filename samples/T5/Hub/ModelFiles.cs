using SamSharp.Samples.T5.Checkpoints;

namespace SamSharp.Samples.T5.Hub;

/// <summary>The files that a T5 is loaded from: its configuration, its vocabulary unless that is given otherwise, and its weights.</summary>
/// <param name="WithVocabulary">Whether the vocabulary belongs to them.</param>
public sealed record ModelFiles(bool WithVocabulary = true)
{
    public const string Vocabulary = "spiece.model";

    /// <summary>The vocabulary's file.</summary>
    public string VocabularyFile { get; init; } = Vocabulary;

    /// <summary>The files beside the weights.</summary>
    public IReadOnlyList<string> BesideWeights => WithVocabulary ? [T5Checkpoint.ConfigFile, VocabularyFile] : [T5Checkpoint.ConfigFile];

    /// <summary>Whether a folder holds them all.</summary>
    public bool AreIn(string folder)
    {
        return BesideWeights.All(Has)
            && (Has(SafetensorsFolder.SingleFile)
                || (Has(SafetensorsFolder.IndexFile) && SafetensorsIndex.Read(Path.Combine(folder, SafetensorsFolder.IndexFile)).Values.Distinct()
                    .All(Has)));

        bool Has(string name) => Exists(Path.Combine(folder, name));
    }

    /// <summary>Whether there is a file, and not only a link to one that is gone.</summary>
    public static bool Exists(string path)
        => File.Exists(path) && (File.ResolveLinkTarget(path, returnFinalTarget: true)?.Exists ?? true);
}
