using System.Text.RegularExpressions;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>Writes an exception to standard error as one line and returns the exit code.</summary>
public static partial class ErrorReport
{
    private static readonly string[] OwnAssemblies = ["FineTuneT5", "FineTuneEncoder"];

    public static int Write(Exception exception, bool trace)
    {
        var code = exception switch
        {
            OperationCanceledException => ExitCode.Interrupted,
            ArgumentException when IsOwn(exception) => ExitCode.Usage,
            _ => ExitCode.Failure,
        };
        Say(trace ? exception.ToString() : $"{ProgramName.Text}: {Describe(exception)}");
        if (code == ExitCode.Usage)
            Say("Run with --help for all options.");
        return code;
    }

    /// <summary>Whether code of this repository refused an argument. One that the runtime or a package refuses is a mistake of the program.</summary>
    private static bool IsOwn(Exception exception) => exception.TargetSite?.Module.Assembly.GetName().Name is not { } thrower
        || OwnAssemblies.Contains(thrower) || thrower.StartsWith("SamSharp", StringComparison.Ordinal);

    /// <summary>Writes a line to standard error.</summary>
    public static void Say(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (IOException)
        {
            // Nobody can be told, as standard error is closed or full. The exit code says that something went wrong.
        }
    }

    private static string Describe(Exception exception)
    {
        // .NET appends the parameter's name, libtorch its native stack.
        var message = ParameterSuffix().Replace(exception.Message, "").Split('\n')[0].Trim();
        return exception switch
        {
            OutOfMemoryException => $"Out of memory: {message} Use a smaller model or batch.",
            IOException when DiskFault.IsFull(exception) && !message.Contains(DiskFault.Remedy, StringComparison.Ordinal) =>
                $"{message.TrimEnd('.')}: {DiskFault.Remedy}.",
            ArgumentException when IsOwn(exception) => message,
            IOException or InvalidDataException or FormatException or InvalidOperationException or NotSupportedException
                or UnauthorizedAccessException or OperationCanceledException => message,
            _ => $"{exception.GetType().Name}: {message} (--trace shows where)",
        };
    }

    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex ParameterSuffix();
}
