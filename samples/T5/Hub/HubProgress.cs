namespace SamSharp.Samples.T5.Hub;

/// <summary>Progress of a file's download.</summary>
/// <param name="File">Its name.</param>
/// <param name="Received">Bytes downloaded so far, including earlier attempts.</param>
/// <param name="Size">Total bytes.</param>
/// <param name="Pause">Why the download is paused, or null.</param>
public readonly record struct HubProgress(string File, long Received, long Size, string? Pause = null);
