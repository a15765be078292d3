namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The bundled sentences and vocabulary, copied next to the program.</summary>
public static class BundledData
{
    public const string Task = "sentences";

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Artifacts", "data");

    public static string Vocabulary { get; } = Path.Combine(Folder, "spiece.model");
}
