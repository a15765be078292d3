namespace SamSharp.Samples.T5.Tests;

/// <summary>The sentences and the vocabulary of samples/FineTuneT5, copied beside the tests.</summary>
internal static class Sentences
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Sentences");

    public static string Vocabulary { get; } = Path.Combine(Folder, "spiece.model");
}
