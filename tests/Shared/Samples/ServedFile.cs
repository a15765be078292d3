using System.Security.Cryptography;
using System.Text;

namespace SamSharp.Samples.Tests;

/// <summary>A file of the test's hub.</summary>
/// <param name="Content">What its hash is of.</param>
/// <param name="Large">Whether it is in large-file storage: named by SHA-256 and kept on another host.</param>
internal sealed record ServedFile(byte[] Content, bool Large)
{
    /// <summary>What it is served as, where that is not its content.</summary>
    public byte[] Sent { get; init; } = Content;

    public string Hash { get; } = Convert.ToHexStringLower(Large
        ? SHA256.HashData(Content)
        : CryptographicOperations.HashData(HashAlgorithmName.SHA1, [.. Encoding.ASCII.GetBytes($"blob {Content.Length}\0"), .. Content]));
}
