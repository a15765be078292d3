using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Hub;

/// <summary>Downloads models from the hub into its cache. All files of a model come from one commit.</summary>
public sealed class HubDownload(HubSettings settings, IProgress<HubProgress>? progress = null)
{
    private readonly HubCache _cache = new(settings.CacheFolder);

    /// <summary>Waits between attempts.</summary>
    internal Func<TimeSpan, CancellationToken, Task> Delay { get; init; } = Task.Delay;

    /// <summary>Downloads the missing files of a model and returns its folder in the cache.</summary>
    /// <exception cref="HubException">The download failed; the next one continues where it stopped.</exception>
    public async Task<string> GetAsync(HubName model, ModelFiles files, CancellationToken cancellation = default)
    {
        if (settings.Offline)
        {
            throw new HubException($"There is no folder '{model}' and no complete model of that name in {settings.CacheFolder}, "
                + "and HF_HUB_OFFLINE forbids downloading it: unset it, or name a folder.");
        }
        using var client = new HubClient(settings);
        var config = await DescribeAsync(client, model, T5Checkpoint.ConfigFile, cancellation) ?? throw Missing(model, T5Checkpoint.ConfigFile);
        var snapshot = _cache.Snapshot(model, config.Commit);
        // The branch may change during the download.
        var pinned = model with { Revision = config.Commit };

        await FetchAsync(client, model, config, cancellation);
        foreach (var file in files.BesideWeights.Skip(1))
            await RequireAsync(file);
        if (!await TryFetchAsync(SafetensorsFolder.SingleFile))
        {
            await RequireAsync(SafetensorsFolder.IndexFile);
            foreach (var shard in SafetensorsIndex.Read(Path.Combine(snapshot, SafetensorsFolder.IndexFile)).Values.Distinct()
                .Order(StringComparer.Ordinal))
                await RequireAsync(shard);
        }
        WriteReference();
        return snapshot;

        void WriteReference()
        {
            try
            {
                _cache.WriteReference(model, config.Commit);
            }
            catch (Exception error) when (error is UnauthorizedAccessException or IOException)
            {
                throw NotWritable(error);
            }
        }

        async Task RequireAsync(string file)
        {
            if (!await TryFetchAsync(file))
                throw Missing(model, file);
        }

        async Task<bool> TryFetchAsync(string name)
        {
            if (ModelFiles.Exists(Path.Combine(snapshot, name)))
                return true;
            if (await DescribeAsync(client, pinned, name, cancellation) is not { } file)
                return false;
            await FetchAsync(client, model, file with { Commit = config.Commit }, cancellation);
            return true;
        }
    }

    private Task<HubFile?> DescribeAsync(HubClient client, HubName model, string file, CancellationToken cancellation)
        => new HubRetry(Delay).RunAsync(() => client.DescribeAsync(model, file, cancellation), () => 0,
            pause => progress?.Report(new(file, 0, 0, pause)), cancellation);

    private async Task FetchAsync(HubClient client, HubName model, HubFile file, CancellationToken cancellation)
    {
        if (ModelFiles.Exists(Path.Combine(_cache.Snapshot(model, file.Commit), file.Name)))
            return;
        try
        {
            var blob = _cache.Blob(model, file.Hash);
            void Waiting() => progress?.Report(new(file.Name, 0, file.Size, $"Another process is downloading {file.Name}."));
            using (await FileLock.AcquireAsync(_cache.Lock(model, file.Hash), Waiting, cancellation))
            {
                if (!File.Exists(blob))
                    await new BlobDownload(client, new HubRetry(Delay), model, file, blob, progress).RunAsync(cancellation);
                _cache.Link(model, file);
            }
        }
        catch (Exception error) when (error is UnauthorizedAccessException or (IOException and not HubException))
        {
            throw NotWritable(error);
        }
    }

    private HubException NotWritable(Exception error) => new(
        $"The cache {settings.CacheFolder} cannot be written to: {error.Message.TrimEnd('.')}. Name another folder in HF_HUB_CACHE.", error);

    private static HubException Missing(HubName model, string file) => new(file switch
    {
        ModelFiles.Vocabulary => $"{model} has no {file}: name a SentencePiece vocabulary with --tokenizer.",
        SafetensorsFolder.IndexFile =>
            $"{model} has no safetensors weights. Many models have them in a pull request: --model {model.Model}@refs/pr/<number>.",
        _ => $"{model} has no {file}: it is incomplete, or not a model that this program can load.",
    });
}
