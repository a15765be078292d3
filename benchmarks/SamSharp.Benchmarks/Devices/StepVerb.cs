using System.Diagnostics;
using System.Globalization;
using SamSharp.Benchmarks.Workloads;
using SamSharp.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>A whole update of SAM over FusedAdamW: the time of its phases, whether it waits for the device, and what it leaves behind.</summary>
internal static class StepVerb
{
    private const int Steps = 20;

    /// <returns>0 if all is well, 1 if the update waits for the device, or if tensors or memory grow from step to step.</returns>
    public static int Run(DeviceWork work)
    {
        var device = work.Device;
        using var set = work.MakeParameters();
        var model = device.UsedBytes();
        // The check for numbers that are not finite is the one read that a step makes.
        using var sam = new SharpnessAwareOptimizer(Bases.FusedAdamW(set), new SharpnessAwareOptions { SkipNonFinite = false });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{work.Describe(set)}; medians of {PhaseTimer.Rounds}"));

        var phases = PhaseTimer.Medians(device, set.SetGradients, sam.Ascend, sam.Descend);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  Ascend()  {phases[0],9:0.00} ms\n  Descend() {phases[1],9:0.00} ms"));

        var (tensors, bytes) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, device.UsedBytes());
        for (var step = 0; step < Steps; step++) Update();
        var moreTensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount - tensors;
        var moreBytes = device.UsedBytes() - bytes;
        bool[] results =
        [
            Report($"tensors alive: {tensors}, after {Steps} more steps {moreTensors} more", moreTensors == 0),
            Report(string.Create(CultureInfo.InvariantCulture, $"memory in use: {Megabytes(bytes)} MB, {Megabytes(bytes - model)} of them since the parameters were made, after {Steps} more steps {Megabytes(moreBytes)} more"),
                moreBytes < Math.Max(16 << 20, bytes / 100)),
            .. device.IsCuda ? [Report(Waits(out var waits), !waits)] : Array.Empty<bool>(),
        ];
        Console.WriteLine($"kernels of our own for CUDA: {KernelSets.CudaStatus}");
        return Array.TrueForAll(results, ok => ok) ? 0 : 1;

        void Update()
        {
            set.SetGradients();
            sam.Ascend();
            set.SetGradients();
            sam.Descend();
        }

        // A device that has much to do before it comes to the update: whoever waits for it is late.
        string Waits(out bool waits)
        {
            using var factor = ones(8192, 8192, device: device.Place);
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 40; i++) factor.mm(factor).Dispose();
            var before = watch.Elapsed;
            Update();
            var after = watch.Elapsed;
            device.Synchronize();
            waits = after > watch.Elapsed / 2;
            return string.Create(CultureInfo.InvariantCulture,
                $"an update returns after {(after - before).TotalMilliseconds:0.0} ms, while the device is busy for {watch.Elapsed.TotalMilliseconds:0.0} ms: it {(waits ? "waits" : "does not wait")} for it");
        }
    }

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture);

    private static bool Report(string what, bool ok)
    {
        Console.WriteLine($"{(ok ? "ok     " : "FAILED ")} {what}");
        return ok;
    }
}
