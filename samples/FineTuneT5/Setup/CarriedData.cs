namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The sentences and the vocabulary that the repository carries, copied beside the program.</summary>
public static class CarriedData
{
    public const string Task = "sentences";

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Artifacts", "data");

    public static string Vocabulary { get; } = Path.Combine(Folder, "spiece.model");
}
