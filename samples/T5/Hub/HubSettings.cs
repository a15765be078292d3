namespace SamSharp.Samples.T5.Hub;

/// <summary>Where the hub and its cache are: the environment variables of Hugging Face's tools.</summary>
public sealed record HubSettings
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private const int LongestTimeoutSeconds = 24 * 3600;
    private const int LongestToken = 1024;
    private static readonly string[] TrueWords = ["1", "ON", "YES", "TRUE"];

    /// <summary><c>HF_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>, which is <c>~/.cache/huggingface</c>.</summary>
    public required string CacheFolder { get; init; }

    /// <summary><c>HF_ENDPOINT</c>, without a trailing slash.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary><c>HF_TOKEN</c>, or the content of the file <c>HF_TOKEN_PATH</c> (default: <c>token</c> in <c>HF_HOME</c>).</summary>
    public string? Token { get; init; }

    /// <summary><c>HF_HUB_OFFLINE</c> or <c>TRANSFORMERS_OFFLINE</c>: use only the cache.</summary>
    public bool Offline { get; init; }

    /// <summary>How long to wait for data from the hub: <c>HF_HUB_DOWNLOAD_TIMEOUT</c> in seconds, 10 by default.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <exception cref="HubException"><c>HF_ENDPOINT</c> is not a web address.</exception>
    public static HubSettings FromEnvironment() => From(Environment.GetEnvironmentVariable);

    internal static HubSettings From(Func<string, string?> variable)
    {
        var home = Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? InUserProfile(".cache"), "huggingface");
        var tokenFile = Folder("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        return new HubSettings
        {
            CacheFolder = Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Token = TokenOf(Value("HF_TOKEN") ?? Value("HUGGING_FACE_HUB_TOKEN")
                ?? (ModelFiles.Exists(tokenFile) ? Filled(FirstOf(tokenFile)) : null), tokenFile),
            Offline = IsTrue("HF_HUB_OFFLINE") || IsTrue("TRANSFORMERS_OFFLINE"),
            Endpoint = EndpointOf(Value("HF_ENDPOINT") ?? "https://huggingface.co"),
            Timeout = int.TryParse(Value("HF_HUB_DOWNLOAD_TIMEOUT"), out var seconds) && seconds > 0
                ? TimeSpan.FromSeconds(Math.Min(seconds, LongestTimeoutSeconds)) : DefaultTimeout,
        };

        string? Value(string name) => Filled(variable(name));
        bool IsTrue(string name) => TrueWords.Contains(Value(name), StringComparer.OrdinalIgnoreCase);
        string? Folder(string name)
            => Value(name) is not { } path ? null : path.StartsWith("~/", StringComparison.Ordinal) ? InUserProfile(path[2..]) : path;
    }

    private static Uri EndpointOf(string text)
        => Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new HubException($"HF_ENDPOINT is '{text}', not a web address: set one such as https://huggingface.co, or unset it.");

    // What a header cannot hold would fail at every request, with another reason.
    private static string? TokenOf(string? token, string file) =>
        token is null || (token.Length <= LongestToken && token.All(character => character is >= ' ' and < '\x7F'))
            ? token
            : throw new HubException($"The token of HF_TOKEN, or of the file {file}, is none: it is very long, or holds signs that no token has. " +
                "Set HF_TOKEN to the token alone, or unset it.");

    private static string FirstOf(string path)
    {
        using var file = new StreamReader(path);
        var buffer = new char[2 * LongestToken];
        return new(buffer, 0, file.ReadBlock(buffer));
    }

    private static string? Filled(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static string InUserProfile(string path) => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path);
}
