using System.Text.Json;

namespace SamSharp.Tests.Golden;

/// <summary>A folder of runs of the SAM family: an index with a model and runs, and a problem.</summary>
internal sealed class GoldenSet
{
    private readonly JsonElement _index;

    private GoldenSet(string folder, JsonElement index)
    {
        Folder = folder;
        _index = index;
    }

    /// <summary>Every folder of this format below the golden folder, by name.</summary>
    public static IReadOnlyDictionary<string, GoldenSet> All { get; } = Directory.EnumerateDirectories(GoldenFolder.Root)
        .Where(folder => File.Exists(Path.Combine(folder, "index.json")) && File.Exists(Path.Combine(folder, "problem.safetensors")))
        .Select(folder => new GoldenSet(Path.GetFileName(folder), GoldenFolder.Json(Path.GetFileName(folder), "index.json")))
        .Where(set => set._index.TryGetProperty("runs", out _) && set._index.TryGetProperty("model", out _))
        .ToDictionary(set => set.Folder);

    public string Folder { get; }

    public JsonElement Model => _index.GetProperty("model");

    public IEnumerable<string> Runs => _index.GetProperty("runs").EnumerateObject().Select(run => run.Name);

    /// <summary>The runs that this library has a recipe for, without those that keep a peer's defect.</summary>
    public IEnumerable<string> Driven => Runs.Where(run => GoldenPeers.All.ContainsKey(PeerOf(run)) && !GoldenPeers.Defects.Contains(run));

    public JsonElement Run(string name) => _index.GetProperty("runs").GetProperty(name);

    /// <summary>"repository: class" of a run, or "derivation: method".</summary>
    public string PeerOf(string run)
    {
        var (peer, name) = (Run(run).GetProperty("peer").GetString()!, Run(run).GetProperty("peer_class").GetString()!);
        name = name.Split(", method ")[0]; // a setting says so too
        return $"{peer}: {(peer == "derivation" ? MethodOf(Run(run).GetProperty("hyperparameters")) ?? name : name)}";
    }

    /// <summary>Runs that follow a text have no class; a setting that only one method has tells which it is.</summary>
    private static string? MethodOf(JsonElement settings) =>
        new[] { ("with_gradient", "TRAM"), ("n_samples", "universal SAM"), ("ignore_sigma", "SA-BNN"), ("method", "FS-MTL") }
            .FirstOrDefault(method => settings.TryGetProperty(method.Item1, out _)).Item2;
}
