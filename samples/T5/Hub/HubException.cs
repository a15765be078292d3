namespace SamSharp.Samples.T5.Hub;

/// <summary>A model could not be had from the hub. The message names it, the reason and the remedy.</summary>
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

    /// <summary>Whether the same request may succeed later: a broken line, a server that is busy or failing.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>How long the server asks to wait.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
