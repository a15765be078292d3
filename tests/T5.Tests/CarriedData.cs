namespace SamSharp.Samples.T5.Tests;

/// <summary>The data that the repository carries, samples/FineTuneT5/Data, as copied beside the tests.</summary>
internal static class CarriedData
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Data");

    public static string Vocabulary { get; } = Path.Combine(Folder, "spiece.model");
}
