namespace SamSharp.Samples.T5.Hub;

/// <summary>The hub's description of a file before the download.</summary>
/// <param name="Name">Its name in the model's folder.</param>
/// <param name="Commit">The commit that the revision points to.</param>
/// <param name="Hash">Hash of its content, which is also its blob's name in the cache.</param>
/// <param name="Size">In bytes.</param>
public sealed record HubFile(string Name, string Commit, HubHash Hash, long Size);
