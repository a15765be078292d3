namespace SamSharp.Samples.T5.Hub;

/// <summary>How far the download of a file has come.</summary>
/// <param name="File">Its name.</param>
/// <param name="Received">Bytes that are here, those of an earlier attempt included.</param>
/// <param name="Size">Bytes in all.</param>
/// <param name="Pause">Why nothing arrives at the moment, or null.</param>
public readonly record struct HubProgress(string File, long Received, long Size, string? Pause = null);
