using System.Text.RegularExpressions;

namespace SamSharp.Samples.T5.Hub;

/// <summary>A model on the hub and its revision: <c>google-t5/t5-small</c>, <c>google-t5/t5-small@refs/pr/9</c>.</summary>
/// <param name="Model">Owner and name; the oldest models have no owner.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
public sealed partial record HubName(string Model, string Revision = HubName.DefaultRevision)
{
    public const string DefaultRevision = "main";

    public bool HasOwner => Model.Contains('/', StringComparison.Ordinal);

    /// <summary>Whether the revision is a commit, which never changes.</summary>
    public bool IsCommit => IsCommitHash(Revision);

    /// <summary>Parses a name; null if the text cannot be one, for instance a path.</summary>
    public static HubName? Parse(string text)
    {
        var parts = Form().Match(text);
        if (!parts.Success || text.Contains("..", StringComparison.Ordinal) || parts.Groups["model"].Value.Contains("--", StringComparison.Ordinal))
            return null;
        return parts.Groups["revision"] is { Success: true } revision
            ? new(parts.Groups["model"].Value, revision.Value)
            : new(parts.Groups["model"].Value);
    }

    public static bool IsCommitHash(string text) => Commit().IsMatch(text);

    public override string ToString() => Revision == DefaultRevision ? Model : $"{Model}@{Revision}";

    [GeneratedRegex(@"\A(?<model>(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)?[A-Za-z0-9_][A-Za-z0-9_.-]*)(?:@(?<revision>[A-Za-z0-9_][A-Za-z0-9_./-]*))?\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Commit();
}
