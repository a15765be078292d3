using System.Text.Json;
using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>SAM and ASAM as they are everywhere.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Core => new()
    {
        ["davda54/sam: SAM"] = Plain,
        ["SamsungLabs/ASAM: SAM"] = Plain,
        ["SamsungLabs/ASAM: ASAM"] = Plain,
        ["mosaicml/composer: SAMOptimizer"] = Plain,
    };

    /// <summary>One closure, with whatever of geometry, interval and groups the settings name.</summary>
    private static void Plain(GoldenRun run)
    {
        var settings = run.Settings;
        var perGroup = settings.TryGetProperty("constructor", out var constructor);
        var common = perGroup ? constructor : settings;
        var names = perGroup ? GroupNames(run) : [run.Problem.Parameters.Keys.ToArray()];
        var groups = names.Select((_, g) => perGroup ? settings.GetProperty($"group{g}") : settings).ToArray();
        double RhoOf(JsonElement group) => (group.TryGetProperty("rho", out var rho) ? rho : common.GetProperty("rho")).GetDouble();
        bool IsAdaptive(JsonElement group) =>
            (group.TryGetProperty("adaptive", out var own) || common.TryGetProperty("adaptive", out own)) && own.GetBoolean();

        IGeometry geometry = run.Has("eta") ? new AdaptiveGeometry(run.Number("eta"), AdaptiveGeometry.NamedWeights)
            : groups.Any(IsAdaptive) ? new AdaptiveGeometry(Kappa: 0, slot => IsAdaptive(groups[slot.Group]))
            : new EuclideanGeometry(run.Has("epsilon") ? run.Number("epsilon") : 1e-12);
        run.Drive(new SharpnessAwareOptions
        {
            Rho = RhoOf(common),
            Schedule = run.Has("interval") ? RadiusSchedule.Every(run.Whole("interval")) : RadiusSchedule.Constant,
            Geometry = geometry,
            Groups = groups.Select(group => new SharpnessGroup { Rho = RhoOf(group) }).ToArray(),
        }, GoldenBase.Create(run.Entry, run.Bases, names.Select((members, g) => (members.Select(run.ParameterOf).ToArray(), groups[g])).ToArray()));
    }

    /// <summary>Names are listed for all groups but the last, which says in words that it has the others.</summary>
    private static string[][] GroupNames(GoldenRun run)
    {
        var listed = Enumerable.Range(0, 100).Select(g => run.Settings.TryGetProperty($"group{g}_parameters", out var members) ? members : default)
            .TakeWhile(members => members.ValueKind != JsonValueKind.Undefined)
            .Where(members => members.ValueKind == JsonValueKind.Array)
            .Select(members => members.EnumerateArray().Select(m => m.GetString()!).ToArray()).ToList();
        return [.. listed, run.Problem.Parameters.Keys.Except(listed.SelectMany(l => l)).ToArray()];
    }
}
