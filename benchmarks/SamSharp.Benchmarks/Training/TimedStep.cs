using System.Diagnostics;
using System.Globalization;
using SamSharp.Benchmarks.Racing;

namespace SamSharp.Benchmarks.Training;

/// <summary>
/// A training step, its time by the clock, and its time on the processors, which hardly depends on what else the machine does (with one thread;
/// several wait for each other busily).
/// </summary>
internal sealed class TimedStep
{
    private readonly List<double> _processor = [];

    public TimedStep(string name, Action step) => Contender = new(name, () => { }, () =>
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        step();
        process.Refresh();
        _processor.Add((process.TotalProcessorTime - before).TotalMilliseconds);
    });

    public Contender Contender { get; }

    public Ratio Over(TimedStep other, double? goal = null) =>
        new($"{Contender.Name} / {other.Contender.Name}", Contender.Milliseconds / other.Contender.Milliseconds, goal);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"  {Contender.Name,-42} {Contender.Milliseconds,8:0} ms {_processor.Order().ElementAt(_processor.Count / 2),8:0} ms of processors");
}
