using System.CommandLine;
using SamSharp.Samples.T5.Tasks;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary><c>tasks</c>: lists every task with its scores and files.</summary>
public static class TasksCommand
{
    /// <param name="takes">Which tasks the program takes.</param>
    public static Command Create(Func<T5Task, bool> takes)
    {
        var command = new Command("tasks", "Lists the tasks with their scores and files.");
        command.SetAction(_ =>
        {
            AnsiConsole.Write(Table(takes));
            Console.WriteLine("""
                Files are .tsv, .jsonl, .json, .csv, .txt or .parquet (one file or the hub's shards), in the folder that --data names or in
                one under it with the set's usual name. Where a set has no validation files, a tenth of its training rows is held out.
                """);
        });
        return command;
    }

    private static Table Table(Func<T5Task, bool> takes)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("task", "scores", "files");
        foreach (var (title, all) in TaskCatalog.Groups)
        {
            T5Task[] tasks = [.. all.Where(takes)];
            if (tasks.Length == 0)
                continue;
            table.AddRow(new Markup($"[bold]{Markup.Escape(title)}[/]"));
            foreach (var task in tasks)
                table.AddRow(Markup.Escape(task.Name), Markup.Escape(string.Join(", ", task.Metrics)), Markup.Escape(task.FilesDescription));
        }
        return table;
    }
}
