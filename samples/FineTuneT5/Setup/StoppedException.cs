namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The user stopped the program, and <c>--resume</c> goes on in a folder.</summary>
/// <param name="message">How far it came.</param>
/// <param name="folder">The folder.</param>
/// <param name="cause">What stopped it.</param>
public sealed class StoppedException(string message, string folder, OperationCanceledException cause)
    : OperationCanceledException(message, cause, cause.CancellationToken)
{
    /// <summary>The folder to resume.</summary>
    public string Folder { get; } = folder;

    /// <summary>The processes that trained together.</summary>
    public int Processes { get; init; } = 1;
}
