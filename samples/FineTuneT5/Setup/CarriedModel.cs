namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>
/// The small pre-trained T5 that the repository carries, copied beside the program; <c>Artifacts/model/README.md</c> is its model card.
/// </summary>
public static class CarriedModel
{
    /// <summary>What <c>--model</c> calls it.</summary>
    public const string Name = "carried";

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Artifacts", "model");
}
