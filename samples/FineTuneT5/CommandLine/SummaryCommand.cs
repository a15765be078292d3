using System.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.T5.Files;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The <c>summary</c> verb: several comparisons in one report.</summary>
public static class SummaryCommand
{
    private const int Width = 160;

    public static Command Create()
    {
        var folders = new Argument<string[]>("folders") { Description = "Folders of finished comparisons", Arity = ArgumentArity.OneOrMore };
        var output = OptionFactory.Optional("--output", "file", "Where the tables go as Markdown [nowhere]");
        var command = new Command("summary", "Several comparisons together: all differences under one correction, and the radii that served.")
        {
            folders,
            output,
        };
        command.SetAction(result =>
        {
            var tables = EvidenceSummary.Read(result.GetRequiredValue(folders)).Tables;
            if (!ProgressDisplay.IsInteractive)
                AnsiConsole.Profile.Width = Width;
            foreach (var table in tables)
                AnsiConsole.Write(table.ToConsole());
            if (result.GetValue(output) is { } path)
                AtomicFile.Write(path, string.Join('\n', tables.Select(table => table.ToMarkdown())));
            return ExitCode.Success;
        });
        return command;
    }
}
