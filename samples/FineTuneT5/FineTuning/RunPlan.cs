using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>One training run of a request.</summary>
/// <param name="Name"><c>adamw</c>, or <c>SAM(adamw)</c>.</param>
/// <param name="Folder">The folder of its files.</param>
public sealed record RunPlan(string Name, string Folder, TrainingOptions Options)
{
    /// <summary>The file of the run's <see cref="Landscape"/>.</summary>
    public string LandscapeFile => Path.Combine(Folder, Landscape.FileName);

    /// <summary>One run per seed.</summary>
    /// <exception cref="ArgumentException">A folder already contains a run, and the request does not resume it.</exception>
    public static IReadOnlyList<RunPlan> Of(FineTuneRequest request)
    {
        RunPlan[] runs =
        [
            .. from seed in request.Seeds
               let options = request.Training with { Seed = seed }
               let folder = request.Seeds.Count > 1 ? $"seed-{seed}" : ""
               select new RunPlan(NameOf(options), Path.Combine(request.Run.Output, folder), options),
        ];
        RunFolder.RequireNoComparison([request.Run.Output, .. runs.Select(run => run.Folder)]);
        if (!request.Run.Resume)
            RunFolder.RequireFree([.. runs.Select(run => run.Folder)]);
        return runs;
    }

    private static string NameOf(TrainingOptions options) =>
        options.LoraRank is { } rank ? $"LoRA {rank}, {MethodOf(options)}" : MethodOf(options);

    private static string MethodOf(TrainingOptions options)
        => options.Rho == 0 ? options.Optimizer : $"{RecipeCatalog.Title(options.Recipe)}({options.Optimizer})";
}
