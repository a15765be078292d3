namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>
/// The bundled pre-trained T5, copied next to the program; <c>Artifacts/model/README.md</c> is its model card.
/// </summary>
public static class BundledModel
{
    /// <summary>Its name for <c>--model</c>.</summary>
    public const string Name = "bundled";

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Artifacts", "model");
}
