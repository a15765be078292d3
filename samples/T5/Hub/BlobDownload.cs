using System.Net;

namespace SamSharp.Samples.T5.Hub;

/// <summary>
/// Downloads one file's content to the cache: first into <c>{blob}.incomplete</c>, which a later attempt continues, then to its
/// final name once size and hash are right.
/// </summary>
internal sealed class BlobDownload(HubClient client, HubRetry retry, HubName model, HubFile file, string blob, IProgress<HubProgress>? progress)
{
    private string Incomplete => blob + ".incomplete";

    private long Received => File.Exists(Incomplete) ? new FileInfo(Incomplete).Length : 0;

    private string What => $"{file.Name} of {model}";

    /// <exception cref="HubException">The download fails, the content has the wrong size or hash, or the disk is full.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        OnDisk(() => Directory.CreateDirectory(Path.GetDirectoryName(blob)!));
        for (var resumed = Received > 0; ; resumed = false)
        {
            RequireSpace();
            if (Received < file.Size || !File.Exists(Incomplete))
                await retry.RunAsync(() => ReceiveAsync(cancellation), () => Received, Pausing, cancellation);

            var found = Received == file.Size ? await file.Hash.ComputeAsync(Incomplete, cancellation) : null;
            if (found == file.Hash.Text)
                break;
            File.Delete(Incomplete);
            // The part that an earlier run left may be the corrupt one.
            if (!resumed)
                throw new HubException($"{What} arrived corrupt: {(found is null ? $"more than {file.Size:N0} bytes" : $"its hash is {found}")} " +
                    $"instead of {file.Hash}. "
                    + "It was deleted; try again, and if that does not help, check for a proxy that modifies downloads.");
        }
        OnDisk(() => File.Move(Incomplete, blob, overwrite: true));
    }

    // One attempt, which appends to the existing part.
    private async Task<long> ReceiveAsync(CancellationToken cancellation)
    {
        var start = Received;
        using var response = await client.OpenAsync(model, file, start, cancellation);
        RequireSize(response, start);
        // A server without range support sends the whole file.
        var mode = response.StatusCode == HttpStatusCode.PartialContent ? FileMode.Append : FileMode.Create;
        using var target = OnDisk(() => new FileStream(Incomplete, mode, FileAccess.Write, FileShare.Read, bufferSize: 0));
        await using var content = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[1 << 18];
        var received = target.Position;
        while (received <= file.Size && await client.ReadAsync(content, buffer, model, file, cancellation) is > 0 and var read)
        {
            OnDisk(() => target.Write(buffer, 0, read));
            received += read;
            progress?.Report(new(file.Name, Math.Min(received, file.Size), file.Size));
        }
        OnDisk(() => target.Flush(flushToDisk: true));
        return received >= file.Size
            ? received
            : throw new HubException($"{What} ended after {received:N0} of {file.Size:N0} bytes.") { IsTransient = true };
    }

    // Checked before anything is written: an answer of another length is a different file or an error page.
    private void RequireSize(HttpResponseMessage response, long start)
    {
        var headers = response.Content.Headers;
        var sent = response.StatusCode switch
        {
            HttpStatusCode.PartialContent when headers.ContentRange?.From != start => $"a range that does not start at byte {start:N0}",
            HttpStatusCode.PartialContent when headers.ContentRange.Length is { } length && length != file.Size => $"a part of {length:N0}",
            HttpStatusCode.RequestedRangeNotSatisfiable => $"none from byte {start:N0}",
            HttpStatusCode.OK when headers.ContentLength is { } length && length != file.Size => $"{length:N0}",
            _ => null,
        };
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            File.Delete(Incomplete);
        if (sent is not null)
            throw new HubException($"{What} should have {file.Size:N0} bytes, but the server sends {sent}: try again later. A proxy or a login " +
                "page may be answering instead.");
    }

    private void Pausing(string reason) => progress?.Report(new(file.Name, Received, file.Size, reason));

    private void RequireSpace()
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(blob))!;
        var (needed, free) = (file.Size - Received, new DriveInfo(folder).AvailableFreeSpace);
        if (needed > free)
        {
            throw new HubException(
                $"{What} needs another {needed / 1e6:N0} MB in {folder}, which has {free / 1e6:N0} MB free: free some, or name another folder " +
                    "in HF_HUB_CACHE.");
        }
    }

    private void OnDisk(Action action) => OnDisk(() =>
    {
        action();
        return true;
    });

    private T OnDisk<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        // A full disk is an IOException, a file over its size limit an ArgumentOutOfRangeException.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            throw new HubException($"Could not write {What} to {Incomplete}: {error.Message.TrimEnd('.')}. Free some space or name another " +
                "folder in HF_HUB_CACHE; "
                + "the part downloaded so far is kept.", error);
        }
    }
}
