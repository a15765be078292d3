using System.Net;
using System.Net.Http.Headers;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Hub;

/// <summary>
/// Requests model files from the hub: <c>{endpoint}/{model}/resolve/{revision}/{file}</c>. The protocol follows
/// huggingface_hub's file_download.py.
/// </summary>
public sealed class HubClient(HubSettings settings) : IDisposable
{
    private const string LinkedTag = "X-Linked-Etag";
    private const int MaxRedirects = 10;

    // Redirects are followed by hand, because the token must not reach the storage hosts of large files.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = settings.Timeout })
    {
        Timeout = settings.Timeout,
    };

    /// <summary>The hub's description of a file, or null if the model has no file of that name.</summary>
    /// <exception cref="HubException">The hub is unreachable, refuses, or does not send the hash and size to check a download.</exception>
    public async Task<HubFile?> DescribeAsync(HubName model, string file, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Head, model, file, null, cancellation);
        if (HubFailure.IsMissingFile(response))
            return null;
        var isRedirect = IsRedirect(response);
        if (!isRedirect && !response.IsSuccessStatusCode)
            throw HubFailure.From(response, model, file, settings);

        var hash = HubHash.Parse(Header(response, LinkedTag) ?? Header(response, "ETag"));
        // The length in a redirect's header is the redirect page's.
        var size = long.TryParse(Header(response, "X-Linked-Size"), out var linked) ? linked
            : isRedirect ? null : response.Content.Headers.ContentLength;
        return Header(response, "X-Repo-Commit") is { } commit && HubName.IsCommitHash(commit) && hash is not null && size >= 0
            ? new HubFile(file, commit, hash, size.Value)
            : throw new HubException($"{settings.Endpoint.AbsoluteUri.TrimEnd('/')} did not send the commit, hash and size of {file} of {model}: "
                + "check HF_ENDPOINT, and whether a proxy or a login page answers instead.");
    }

    /// <summary>Starts reading a file's content at a byte; the answer is a success, or says that the file ends before that byte.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(HubName model, HubFile file, long from, CancellationToken cancellation)
    {
        var range = from > 0 ? new RangeHeaderValue(from, null) : null;
        var response = await SendAsync(HttpMethod.Get, model with { Revision = file.Commit }, file.Name, range, cancellation);
        if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return response;
        using (response)
            throw HubFailure.From(response, model, file.Name, settings);
    }

    /// <summary>Reads the next bytes of an answer; 0 at the end.</summary>
    internal async Task<int> ReadAsync(Stream content, Memory<byte> buffer, HubName model, HubFile file, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(settings.Timeout);
        try
        {
            return await content.ReadAsync(buffer, patience.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException &&
            !cancellation.IsCancellationRequested)
        {
            throw HubFailure.Unreachable(model, file.Name, settings, error, answered: true);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, HubName model, string file, RangeHeaderValue? range, CancellationToken cancellation)
    {
        var address = new Uri(
            $"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{model.Model}/resolve/" +
            $"{Uri.EscapeDataString(model.Revision)}/{Uri.EscapeDataString(file)}");
        for (var redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            var response = await SendOnceAsync(method, address, model, file, range, cancellation);
            // Follow the redirect of a renamed model; stop at one that already describes the file, because it leads to the storage host.
            if (!IsRedirect(response) || (method == HttpMethod.Head && response.Headers.Contains(LinkedTag)))
                return response;
            using (response)
                address = Redirected(address, response.Headers.Location!, model, file);
        }
        throw new HubException($"{settings.Endpoint} redirects more than {MaxRedirects} times for {file} of {model}: check HF_ENDPOINT.");
    }

    private static Uri Redirected(Uri from, Uri to, HubName model, string file) =>
        Uri.TryCreate(from, to, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new HubException(
                $"{from.GetLeftPart(UriPartial.Authority)} redirects to '{FilePlace.Excerpt(to.OriginalString)}' for {file} of {model}, " +
                "which is no web address: check HF_ENDPOINT, and whether a proxy answers in its place.");

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri address, HubName model, string file, RangeHeaderValue? range, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        request.Headers.UserAgent.ParseAdd("SamSharp");
        request.Headers.AcceptEncoding.ParseAdd("identity");
        request.Headers.Range = range;
        if (settings.Token is not null && IsHub(address))
            request.Headers.Authorization = new("Bearer", settings.Token);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw HubFailure.Unreachable(model, file, settings, error, answered: false);
        }
        // An answer that the runtime does not take.
        catch (Exception error) when (FilePlace.IsForeign(error) || error is FormatException)
        {
            throw new HubException($"{address.GetLeftPart(UriPartial.Authority)} answers in no way that can be read for {file} of {model} " +
                $"({FilePlace.Excerpt(error.Message.TrimEnd('.'))}): check HF_ENDPOINT.", error);
        }
    }

    private bool IsHub(Uri address)
        => Uri.Compare(address, settings.Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static bool IsRedirect(HttpResponseMessage response)
        => (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is not null;

    private static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
