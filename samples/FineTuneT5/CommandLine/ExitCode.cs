namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>Exit codes of the process.</summary>
public static class ExitCode
{
    public const int Success = 0;

    /// <summary>The command line is valid, but something else is wrong: a missing folder, a malformed file, no memory, no GPU, a full disk.</summary>
    public const int Failure = 1;

    /// <summary>The command line is invalid: an unknown name, a value out of range.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;
}
