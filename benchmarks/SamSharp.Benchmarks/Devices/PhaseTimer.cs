using System.Diagnostics;

namespace SamSharp.Benchmarks.Devices;

/// <summary>Times phases on a device that is idle before and after each.</summary>
internal static class PhaseTimer
{
    private const int WarmUps = 3;

    /// <summary>How often everything is timed.</summary>
    public const int Rounds = 11;

    /// <summary>The median of each phase's milliseconds. Before each phase, at no charge, something is made ready.</summary>
    public static double[] Medians(DeviceInfo device, Action prepare, params Action[] phases)
    {
        var times = Array.ConvertAll(phases, _ => new List<double>());
        for (var round = 0; round < WarmUps + Rounds; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            for (var i = 0; i < phases.Length; i++)
            {
                prepare();
                device.Synchronize();
                var watch = Stopwatch.StartNew();
                phases[i]();
                device.Synchronize();
                if (round >= WarmUps) times[i].Add(watch.Elapsed.TotalMilliseconds);
            }
        }
        return Array.ConvertAll(times, phase => phase.Order().ElementAt(Rounds / 2));
    }
}
