using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace SamSharp.Samples.Tests;

/// <summary>A hub on this machine with one model, whose large files it redirects to another host name.</summary>
internal sealed class HubServer : IDisposable
{
    public const string Model = "acme/tiny-t5";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly HttpListener _listener = new();
    private readonly int _port;

    public HubServer()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            _port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        _listener.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _listener.Prefixes.Add($"http://localhost:{_port}/");
        _listener.Start();
        _ = Task.Run(Serve);
    }

    public Uri Endpoint => new($"http://127.0.0.1:{_port}");

    public Dictionary<string, ServedFile> Files { get; } = [];

    public HashSet<string> Revisions { get; } = ["main", Commit];

    /// <summary>Answers a request in place of the server, and says whether it did.</summary>
    public Func<HttpListenerContext, bool> Intercept { get; set; } = _ => false;

    /// <summary>What to do in place of sending a file, for one request each.</summary>
    public ConcurrentQueue<Action<HttpListenerContext, ServedFile>> Faults { get; } = [];

    /// <summary>Every request: method, host, path, range, authorization.</summary>
    public ConcurrentQueue<ServedRequest> Requests { get; } = [];

    /// <summary>The requests for a large file's content.</summary>
    public IEnumerable<ServedRequest> Stored => Requests.Where(request => request.Path.StartsWith("/store/", StringComparison.Ordinal));

    public void Dispose() => _listener.Close();

    public static void Refuse(HttpListenerContext context, int status, string? code = null)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.AddHeader("X-Error-Code", code);
        context.Response.Close();
    }

    /// <summary>Sends the first bytes of a file and hangs up.</summary>
    public static void BreakOff(HttpListenerContext context, ServedFile file, int after)
    {
        context.Response.ContentLength64 = file.Sent.Length;
        context.Response.OutputStream.Write(file.Sent, 0, after);
        context.Response.OutputStream.Flush();
        context.Response.Abort();
    }

    public static void SendWhole(HttpListenerContext context, ServedFile file)
    {
        context.Response.ContentLength64 = file.Sent.Length;
        context.Response.OutputStream.Write(file.Sent);
        context.Response.Close();
    }

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _ = Task.Run(() => Answer(context));
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var request = context.Request;
        var path = request.RawUrl!;
        Requests.Enqueue(new(request.HttpMethod, request.UserHostName, path, request.Headers["Range"], request.Headers["Authorization"]));
        try
        {
            if (Intercept(context))
                return;
            if (path.Split('/') is ["", "store", var hash])
                Send(context, Files.Values.First(file => file.Hash == hash));
            else if (path.Split("/resolve/") is not ["/" + Model, var rest] || rest.Split('/') is not [var revision, var name])
                Refuse(context, 401, "RepoNotFound");
            else if (!Revisions.Contains(Uri.UnescapeDataString(revision)))
                Refuse(context, 404, "RevisionNotFound");
            else if (!Files.TryGetValue(name, out var file))
                Refuse(context, 404, "EntryNotFound");
            else
                Resolve(context, file);
        }
        catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client hung up.
        }
    }

    private void Resolve(HttpListenerContext context, ServedFile file)
    {
        var response = context.Response;
        response.AddHeader("X-Repo-Commit", Commit);
        if (file.Large)
        {
            response.AddHeader("X-Linked-Etag", $"\"{file.Hash}\"");
            response.AddHeader("X-Linked-Size", $"{file.Content.Length}");
            response.Redirect($"http://localhost:{_port}/store/{file.Hash}");
            response.Close();
            return;
        }
        response.AddHeader("ETag", $"W/\"{file.Hash}\"");
        if (context.Request.HttpMethod == "GET")
        {
            Send(context, file);
            return;
        }
        response.ContentLength64 = file.Content.Length;
        response.Close();
    }

    private void Send(HttpListenerContext context, ServedFile file)
    {
        if (Faults.TryDequeue(out var fault))
        {
            fault(context, file);
            return;
        }
        if (context.Request.Headers["Range"] is not { } range)
        {
            SendWhole(context, file);
            return;
        }
        var from = int.Parse(range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
        if (from >= file.Sent.Length)
        {
            context.Response.AddHeader("Content-Range", $"bytes */{file.Sent.Length}");
            Refuse(context, 416);
            return;
        }
        context.Response.StatusCode = 206;
        context.Response.AddHeader("Content-Range", $"bytes {from}-{file.Sent.Length - 1}/{file.Sent.Length}");
        SendWhole(context, file with { Sent = file.Sent[from..] });
    }
}
