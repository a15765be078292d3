namespace SamSharp.Samples.FineTuneT5.Jobs;

/// <summary>Models that Hugging Face's tools have downloaded: <c>hub/models--google--t5-v1_1-small/snapshots/{commit}/</c>.</summary>
public static class HubCache
{
    private static string Root
        => Environment.GetEnvironmentVariable("HF_HUB_CACHE")
            ?? Path.Combine(
                Environment.GetEnvironmentVariable("HF_HOME")
                    ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface"),
                "hub");

    /// <summary>The newest snapshot of a model that holds a configuration, or null.</summary>
    public static string? Find(string model)
    {
        var snapshots = Path.Combine(Root, "models--" + model.Replace("/", "--", StringComparison.Ordinal), "snapshots");
        return Directory.Exists(snapshots)
            ? Directory.EnumerateDirectories(snapshots)
                .Where(folder => File.Exists(Path.Combine(folder, "config.json")))
                .MaxBy(Directory.GetLastWriteTimeUtc)
            : null;
    }
}
