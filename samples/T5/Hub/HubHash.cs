using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace SamSharp.Samples.T5.Hub;

/// <summary>
/// The hash of a file's content that the hub sends as its ETag: SHA-256 for files in large-file storage, and Git's blob hash,
/// SHA-1 of "blob {size}\0" and the content, for the others.
/// </summary>
public sealed partial record HubHash
{
    private HubHash(string text) => Text = text;

    /// <summary>In lower-case hexadecimal digits.</summary>
    public string Text { get; }

    private bool IsSha256 => Text.Length == 64;

    /// <summary>The hash in an ETag, which may be weak and quoted; null if it has none.</summary>
    public static HubHash? Parse(string? tag) =>
        tag is not null && Form().Match(tag) is { Success: true } match ? new(match.Groups["hash"].Value) : null;

    /// <summary>Computes a file's hash of this kind.</summary>
    public async Task<string> ComputeAsync(string path, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        using var hash = IncrementalHash.CreateHash(IsSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!IsSha256)
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"));
        var buffer = new byte[1 << 20];
        while (await file.ReadAsync(buffer, cancellation) is > 0 and var read)
            hash.AppendData(buffer.AsSpan(0, read));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public override string ToString() => $"{(IsSha256 ? "SHA-256" : "Git hash")} {Text}";

    [GeneratedRegex("""\A(?:W/)?"?(?<hash>[0-9a-f]{40}|[0-9a-f]{64})"?\z""")]
    private static partial Regex Form();
}
