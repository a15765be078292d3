using System.Text.Json;
using System.Text.Json.Serialization;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>The result of a finished run: <c>result.json</c> in its folder.</summary>
/// <param name="Name"><c>adamw</c> or <c>SAM(adamw)</c>, for tables and plots.</param>
/// <param name="HeldOut">The rows behind score and loss, <c>dev</c> or <c>test</c>.</param>
/// <param name="Sharpness">Rise of the training loss within <paramref name="SharpnessRho"/>.</param>
public sealed record RunResult(
    string Name,
    int Seed,
    int Steps,
    string HeldOut,
    string MainMetric,
    double Score,
    double Loss,
    double Sharpness,
    double SharpnessRho,
    double StepMilliseconds)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly JsonSerializerOptions Strictly = JsonText.Strictly(Json);

    public void Save(string path) => AtomicFile.Write(path, JsonSerializer.Serialize(this, Json));

    public static RunResult Load(string path) => JsonText.ReadObject<RunResult>(path, Strictly);
}
