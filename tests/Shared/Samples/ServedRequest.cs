namespace SamSharp.Samples.Tests;

/// <summary>What a client asked the test's hub for.</summary>
internal sealed record ServedRequest(string Method, string Host, string Path, string? Range, string? Authorization);
