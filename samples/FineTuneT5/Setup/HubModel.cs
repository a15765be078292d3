using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.T5.Hub;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Models of the hub by name.</summary>
public static class HubModel
{
    /// <summary>The model's folder in the hub's cache, downloaded to it if need be; null for a word that names no owner and is not there.</summary>
    public static string? Folder(HubName name, ModelFiles files, CancellationToken cancellation)
    {
        var settings = HubSettings.FromEnvironment();
        return new HubCache(settings.CacheFolder).Find(name, files) ?? (name.HasOwner ? Download(name, files, settings, cancellation) : null);
    }

    private static string Download(HubName name, ModelFiles files, HubSettings settings, CancellationToken cancellation)
    {
        try
        {
            return DownloadProgress.Show($"Downloading {name} to {settings.CacheFolder}",
                progress => new HubDownload(settings, progress).GetAsync(name, files, cancellation).GetAwaiter().GetResult());
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException($"Stopped while downloading {name}: what has come is kept, and the next run goes on with it.",
                cancellation);
        }
    }
}
