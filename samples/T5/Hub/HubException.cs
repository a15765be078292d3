namespace SamSharp.Samples.T5.Hub;

/// <summary>A model could not be downloaded from the hub. The message names the model, the reason and the remedy.</summary>
public sealed class HubException : IOException
{
    public HubException()
    {
    }

    public HubException(string message)
        : base(message)
    {
    }

    public HubException(string message, Exception? cause)
        : base(message, cause)
    {
    }

    /// <summary>Whether the same request may succeed later: a lost connection, a busy or failing server.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>Whether there was no answer at all, as without a network.</summary>
    internal bool IsUnreachable { get; init; }

    /// <summary>The wait that the server asks for.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
