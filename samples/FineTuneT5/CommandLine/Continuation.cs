using System.Reflection;
using SamSharp.Samples.FineTuneT5.Setup;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The command that goes on with what was stopped.</summary>
internal static class Continuation
{
    private const string Output = "--output", Resume = "--resume";

    /// <param name="stopped">What was stopped.</param>
    /// <param name="arguments">The arguments that began it.</param>
    /// <param name="verb">The verb that they stand for, if they have none.</param>
    public static string Of(StoppedException stopped, IReadOnlyList<string> arguments, string? verb)
    {
        IEnumerable<string> command = [.. Program(), .. verb is null ? [] : (string[])[verb], .. arguments.Where(argument => argument != Resume)];
        if (!arguments.Any(argument => argument == Output || argument.StartsWith(Output + "=", StringComparison.Ordinal)))
            command = [.. command, Output, stopped.Folder];
        if (stopped.Processes > 1)
            command = ["mpirun", "-n", $"{stopped.Processes}", .. command];
        return string.Join(' ', command.Append(Resume).Select(Quoted));
    }

    /// <summary>A job that answers Ctrl-C at once, though it ends only after the step or batch that it is in.</summary>
    public static Action<T, CancellationToken> Answering<T>(Action<T, CancellationToken> run) => (request, cancellation) =>
    {
        using var answer = cancellation.Register(() => ErrorReport.Say($"{ProgramName.Text}: stopping after this step or batch ..."));
        run(request, cancellation);
    };

    /// <summary>A word as a shell reads it.</summary>
    internal static string Quoted(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_=+./,:@%".Contains(letter, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // The program as "dotnet run" starts it needs what that sets; this form needs nothing.
    private static string[] Program()
    {
        var file = Assembly.GetEntryAssembly()?.Location is { Length: > 0 } location ? location : ProgramName.Text;
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, file);
        return ["dotnet", relative.StartsWith("..", StringComparison.Ordinal) ? file : relative];
    }
}
