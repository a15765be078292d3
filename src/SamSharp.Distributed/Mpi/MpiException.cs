namespace SamSharp.Distributed;

/// <summary>MPI is missing, is not the one that has started the process, or has failed.</summary>
public sealed class MpiException : Exception
{
    /// <summary>Creates an exception without a message of its own.</summary>
    public MpiException()
    {
    }

    /// <summary>Creates an exception.</summary>
    /// <param name="message">What happened, and what to do.</param>
    public MpiException(string message) : base(message)
    {
    }

    /// <summary>Creates an exception with a cause.</summary>
    /// <param name="message">What happened, and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public MpiException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
