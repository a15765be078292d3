using System.Diagnostics;
using SamSharp.Samples.T5.Hub;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Shows the progress of a download: a bar per file on a terminal, otherwise a line every few seconds.</summary>
public sealed class DownloadProgress : IProgress<HubProgress>
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private readonly ProgressContext? _context;
    private readonly Dictionary<string, ProgressTask> _bars = [];
    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    private string? _pause;

    private DownloadProgress(ProgressContext? context) => _context = context;

    public static T Show<T>(string title, Func<IProgress<HubProgress>, T> download)
    {
        Console.WriteLine($"{title}:");
        return ProgressDisplay.IsInteractive
            ? AnsiConsole.Progress()
                .Columns(new ProgressBarColumn(), new TaskDescriptionColumn { Alignment = Justify.Left },
                    new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
                .Start(context => download(new DownloadProgress(context)))
            : download(new DownloadProgress(null));
    }

    public void Report(HubProgress value)
    {
        if (value.Pause is { } pause && pause != _pause)
            AnsiConsole.WriteLine($"  {pause}");
        _pause = value.Pause;
        if (value.Size == 0)
            return;
        if (_context is not null)
        {
            if (!_bars.TryGetValue(value.File, out var bar))
                _bars[value.File] = bar = _context.AddTask(Markup.Escape(value.File), maxValue: value.Size);
            bar.Value = value.Received;
        }
        else if (_sinceLine.Elapsed >= LineEvery || value.Received == value.Size)
        {
            Console.WriteLine($"  {value.File}  {value.Received / 1e6:N1} of {value.Size / 1e6:N1} MB");
            _sinceLine.Restart();
        }
    }
}
