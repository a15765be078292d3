using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The help of a command: examples, and its options in groups.</summary>
/// <param name="Command">The command.</param>
/// <param name="Groups">Its options.</param>
/// <param name="Examples">Arguments, and what they do.</param>
internal sealed record HelpPage(Command Command, IReadOnlyList<OptionGroup> Groups, IReadOnlyList<(string Arguments, string What)> Examples)
{
    private const int NameWidth = 32;
    private const int FileWidth = 110;
    private const int LeastWidth = 60;

    private static readonly ConditionalWeakTable<Command, HelpPage> Pages = [];

    /// <summary>Adds the options to the command, and shows this page for its <c>--help</c>.</summary>
    public void Use()
    {
        Pages.Add(Command, this);
        foreach (var option in Groups.SelectMany(group => group.Options))
            Command.Options.Add(option);
    }

    /// <summary>Shows the pages of a program's commands for <c>--help</c>; a command without one keeps its own help.</summary>
    /// <param name="root">The program.</param>
    /// <param name="project">The project to run.</param>
    public static void Show(RootCommand root, string project)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ShowPage(project, (SynchronousCommandLineAction)help.Action!);
    }

    /// <summary>The page as text.</summary>
    private string Text(string project, int width)
    {
        var verb = Command is RootCommand ? "" : " " + Command.Name;
        List<string> lines =
        [
            .. Wrap(Command.Description!.ReplaceLineEndings(" "), width), "",
            "Usage:", $"  dotnet run -c Release --project {project} --{verb} [options]", "",
            "Examples (what follows --):",
            .. Examples.SelectMany(example => new[] { $"  {example.Arguments}", $"      {example.What}" }), "",
        ];
        foreach (var group in Groups)
            lines.AddRange([$"{group.Title}:", .. group.Options.SelectMany(option => Entry(Names(option), Explained(option), width)), ""]);
        if (Command.Subcommands.Count > 0)
            lines.AddRange(["Commands (each has its own --help):",
                .. Command.Subcommands.SelectMany(command => Entry(command.Name, FirstSentence(command.Description!), width)), ""]);
        return string.Join(Environment.NewLine, lines);
    }

    private static string Names(Option option)
    {
        var names = string.Join(", ", [option.Name, .. option.Aliases.Order(StringComparer.Ordinal)]);
        return option.HelpName is { } value ? $"{names} <{value}>" : names;
    }

    private static string Explained(Option option) => option.Description + (option.HasDefaultValue ? Default(option.GetDefaultValue()) : "");

    private static string Default(object? value) => value switch
    {
        null or false => "",
        string { Length: > 0 } or int or double => $" [{Convert.ToString(value, CultureInfo.InvariantCulture)}]",
        int[] { Length: > 0 } numbers => $" [{string.Join(' ', numbers)}]",
        _ => "",
    };

    private static IEnumerable<string> Entry(string names, string text, int width)
    {
        var wrapped = Wrap(text, Math.Max(LeastWidth, width) - NameWidth - 2).ToList();
        var fits = names.Length <= NameWidth - 2;
        if (!fits)
            yield return "  " + names;
        foreach (var (i, line) in wrapped.Index())
            yield return $"  {(i == 0 && fits ? names : "").PadRight(NameWidth)}{line}";
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }
            line += line.Length == 0 ? word : " " + word;
        }
        yield return line;
    }

    private static string FirstSentence(string text) => text.ReplaceLineEndings(" ").Split(". ")[0].TrimEnd('.');

    private sealed class ShowPage(string project, SynchronousCommandLineAction others) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            if (!Pages.TryGetValue(parseResult.CommandResult.Command, out var page))
                return others.Invoke(parseResult);
            var width = Console.IsOutputRedirected ? FileWidth : Math.Max(LeastWidth, Console.WindowWidth - 1);
            parseResult.InvocationConfiguration.Output.Write(page.Text(project, width));
            return ExitCode.Success;
        }
    }
}
