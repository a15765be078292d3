namespace SamSharp.Samples.T5.Hub;

/// <summary>
/// The model cache of Hugging Face's tools, shared with them: <c>models--google-t5--t5-small/</c> contains <c>blobs/{hash}</c>,
/// <c>snapshots/{commit}/{file}</c> (links to blobs) and <c>refs/{revision}</c> (the commit of each revision).
/// </summary>
/// <param name="root">The folder of all models.</param>
public sealed class HubCache(string root)
{
    /// <summary>The folder of the model at a revision if it is complete; otherwise null.</summary>
    public string? Find(HubName name, ModelFiles files)
    {
        if (Commit(name) is { } commit)
            return files.AreIn(Snapshot(name, commit)) ? Snapshot(name, commit) : null;
        // A copied cache may lack the branch's reference.
        var snapshots = Path.Combine(Folder(name), "snapshots");
        return name.Revision == HubName.DefaultRevision && Directory.Exists(snapshots)
            ? Directory.EnumerateDirectories(snapshots).Where(files.AreIn).MaxBy(Directory.GetLastWriteTimeUtc)
            : null;
    }

    public string Snapshot(HubName name, string commit) => Path.Combine(Folder(name), "snapshots", commit);

    public string Blob(HubName name, HubHash hash) => Path.Combine(Folder(name), "blobs", hash.Text);

    /// <summary>The lock file of a blob while it downloads.</summary>
    public string Lock(HubName name, HubHash hash) => Path.Combine(root, ".locks", Path.GetFileName(Folder(name)), hash.Text + ".lock");

    /// <summary>Adds a blob to a snapshot under its file name.</summary>
    public void Link(HubName name, HubFile file)
    {
        var blob = Blob(name, file.Hash);
        var link = Path.Combine(Snapshot(name, file.Commit), file.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.Delete(link);
        try
        {
            File.CreateSymbolicLink(link, Path.GetRelativePath(Path.GetDirectoryName(link)!, blob));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Windows restricts links to some users, and some file systems have none.
            File.Move(blob, link);
        }
    }

    /// <summary>Records the commit that a revision points to.</summary>
    public void WriteReference(HubName name, string commit)
    {
        if (name.IsCommit)
            return;
        var path = Reference(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, commit);
    }

    private string? Commit(HubName name)
        => name.IsCommit ? name.Revision
            : ModelFiles.Exists(Reference(name)) && FirstLine(Reference(name)) is var commit && HubName.IsCommitHash(commit) ? commit
            : null;

    private static string FirstLine(string path)
    {
        using var file = new StreamReader(path);
        var buffer = new char[256];
        return new string(buffer, 0, file.ReadBlock(buffer)).Trim();
    }

    private string Reference(HubName name) => Path.Combine(Folder(name), "refs", name.Revision);

    private string Folder(HubName name) => Path.Combine(root, "models--" + name.Model.Replace("/", "--", StringComparison.Ordinal));
}
