using System.CommandLine;
using System.CommandLine.Parsing;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>What a command line that cannot be read seems to mean. The parser blames the option before an unknown one where that takes several
/// values, and the value behind it.</summary>
internal static class Suggestion
{
    private const int MostEdits = 3;

    /// <summary>The first thing that is wrong, with the nearest name that there is.</summary>
    public static string Explain(ParseResult parsed)
    {
        string[] options = [.. Commands(parsed.CommandResult)
            .SelectMany((command, depth) => command.Options.Where(option => depth == 0 || option.Recursive))
            .SelectMany(option => option.Aliases.Prepend(option.Name))];
        if (parsed.Tokens.Select(token => token.Value).FirstOrDefault(value => IsUnknown(value, options)) is { } unknown)
            return $"There is no option {unknown}{DidYouMean(unknown, options)}";
        string[] commands = [.. parsed.CommandResult.Command.Subcommands.Select(command => command.Name)];
        return parsed.UnmatchedTokens.Count > 0 && commands.Length > 0 && !parsed.UnmatchedTokens[0].StartsWith('-')
            ? $"There is no command {parsed.UnmatchedTokens[0]}{DidYouMean(parsed.UnmatchedTokens[0], commands)}"
            : parsed.Errors[0].Message.ReplaceLineEndings(" ");
    }

    /// <summary>The name that a word is most like; null if it is like none.</summary>
    public static string? Nearest(string word, IReadOnlyList<string> names)
    {
        var plain = Plain(word);
        return names.Select(name => (Name: name, Edits: Edits(plain, Plain(name)))).Where(near => near.Edits <= Math.Min(MostEdits, plain.Length / 2))
                .OrderBy(near => near.Edits).Select(near => near.Name).FirstOrDefault()
            ?? names.Where(name => plain.Length > 1 && Plain(name).StartsWith(plain, StringComparison.Ordinal)).MinBy(name => name.Length);
    }

    private static bool IsUnknown(string value, string[] options) =>
        value.Length > 2 && value.StartsWith("--", StringComparison.Ordinal) && !options.Contains(value.Split('=')[0]);

    private static string DidYouMean(string word, IReadOnlyList<string> names) => Nearest(word, names) is { } near ? $"; did you mean {near}?" : ".";

    private static IEnumerable<Command> Commands(CommandResult result)
    {
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult command) yield return command.Command;
        }
    }

    private static string Plain(string name) => name.TrimStart('-').Split('=')[0].Replace('_', '-').ToLowerInvariant();

    /// <summary>The number of letters to put in, take out or replace (Levenshtein).</summary>
    private static int Edits(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var (diagonal, _) = (row[0], row[0] = i);
            for (var j = 1; j <= other.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
