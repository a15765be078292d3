using System.Globalization;
using SamSharp.Benchmarks.Workloads;
using SamSharp.Kernels;

namespace SamSharp.Benchmarks.Devices;

/// <summary>Bytes that the update moves over the time that it takes, beside a copy of as many bytes on the same device.</summary>
internal static class BandwidthVerb
{
    /// <returns>0: there is nothing to fail.</returns>
    public static int Run(DeviceWork work)
    {
        using var set = work.MakeParameters();
        using var copy = new DeviceCopy(work.Device.Place);
        using var sam = Bases.Sam(Bases.FusedAdamW(set));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{work.Describe(set)}; medians of {PhaseTimer.Rounds}"));

        var element = set.Parameters[0].ElementSize;
        // Norm: g. Perturb: w, g, and w + e written. A restore exchanges storages. AdamW: w, g, m, v, and w, m, v written.
        var (ascent, update) = (4 * element * set.Elements, 7 * element * set.Elements);
        var phases = PhaseTimer.Medians(work.Device, set.SetGradients,
            () => copy.Run(ascent),
            () =>
            {
                sam.Ascend();
                sam.Restore();
            },
            () => copy.Run(update),
            () => sam.BaseOptimizer.step(),
            () => copy.Run(ascent + update),
            sam.Ascend,
            sam.Descend);

        Show("copy", ascent, phases[0]);
        Show("ascent + restore", ascent, phases[1], phases[0]);
        Show("copy", update, phases[2]);
        Show("FusedAdamW.step()", update, phases[3], phases[2]);
        Show("copy", ascent + update, phases[4]);
        Show("SAM, FusedAdamW", ascent + update, phases[5] + phases[6], phases[4]);

        var before = KernelSets.CudaLaunches;
        set.SetGradients();
        sam.Ascend();
        Console.WriteLine($"kernels of our own for CUDA: {KernelSets.CudaStatus}; {KernelSets.CudaLaunches - before} launches for an ascent");
        sam.Restore();
        return 0;

        void Show(string what, long bytes, double milliseconds, double? floor = null) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {what,-20} {(double)bytes / set.Elements,3:0} bytes an element {milliseconds,9:0.00} ms {bytes / milliseconds / 1e6,8:0.0} " +
                $"GB/s{(floor is { } f ? $"  {milliseconds / f:0.00} of the copy's time" : "")}"));
    }
}
