namespace SamSharp.Samples.T5.Hub;

/// <summary>What the hub says of a file before it is downloaded.</summary>
/// <param name="Name">Its name in the model's folder.</param>
/// <param name="Commit">The commit that the revision stands for.</param>
/// <param name="Hash">The hash of its content, which is the name of its blob in the cache.</param>
/// <param name="Size">In bytes.</param>
public sealed record HubFile(string Name, string Commit, HubHash Hash, long Size);
