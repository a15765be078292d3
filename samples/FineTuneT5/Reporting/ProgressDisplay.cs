using System.Diagnostics;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>
/// Shows one job's progress: on a terminal a bar whose width never changes, with a mark that turns from the first moment; elsewhere a line every few
/// seconds.
/// </summary>
public sealed class ProgressDisplay
{
    private const int BarWidth = 30;
    private const int LeastText = 20;

    /// <summary>The turning mark, and the space between the columns.</summary>
    private const int Margin = 6;

    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private readonly ProgressTask? _bar;
    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();

    private ProgressDisplay(ProgressTask? bar) => _bar = bar;

    /// <summary>Whether standard output is a terminal that a bar can move on.</summary>
    internal static bool IsInteractive => AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected;

    /// <param name="title">What is shown before anything is reported.</param>
    /// <param name="run">The job.</param>
    public static T Show<T>(string title, Func<ProgressDisplay, T> run)
    {
        if (!IsInteractive)
        {
            Console.WriteLine($"{title}:");
            return run(new ProgressDisplay(null));
        }
        return AnsiConsole.Progress()
            .Columns(new SpinnerColumn(), new ProgressBarColumn { Width = BarWidth }, new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => run(new ProgressDisplay(context.AddTask(Description(title)))));
    }

    /// <summary>Shows how far the job is.</summary>
    /// <param name="done">The part that is done, from 0 to 1; null where it is not known.</param>
    /// <param name="text">What is going on.</param>
    /// <param name="line">Whether to print a line now where there is no terminal.</param>
    public void Report(double? done, string text, bool line = false)
    {
        if (_bar is not null)
        {
            if (done is { } part)
                (_bar.MaxValue, _bar.Value) = (1, Math.Clamp(part, 0, 1));
            _bar.Description = Description(text);
        }
        else if (line || _sinceLine.Elapsed >= LineEvery)
        {
            Console.WriteLine($"  {text}");
            _sinceLine.Restart();
        }
    }

    /// <summary>Prints a line that stays.</summary>
    public void Print(string line)
    {
        if (_bar is null)
            Console.WriteLine(line);
        else
            AnsiConsole.WriteLine(line);
    }

    /// <summary>A text of exactly so many characters: filled with spaces, or cut.</summary>
    internal static string Fit(string text, int width) => text.Length <= width ? text.PadRight(width) : text[..(width - 1)] + "…";

    private static string Description(string text) => Markup.Escape(Fit(text, Math.Max(LeastText, AnsiConsole.Profile.Width - BarWidth - Margin)));
}
