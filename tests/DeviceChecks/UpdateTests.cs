using System.Diagnostics;
using System.Globalization;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using SamSharp.Optimizers;

namespace SamSharp.DeviceChecks;

/// <summary>A whole update of SAM over FusedAdamW: what it leaves behind, and whether it waits for the device.</summary>
public sealed class UpdateTests(ITestOutputHelper output)
{
    private const int WarmUps = 3;
    private const int Steps = 20;
    private const double LearningRate = 1e-6;

    /// <summary>Growth below this is the allocator's, not the update's.</summary>
    private const long LeastGrowth = 16 << 20;

    public static TheoryData<ShapeSet, ScalarType> Cases()
    {
        ShapeSet[] sets = CheckedDevice.IsCuda ? [ShapeSet.T5Small, ShapeSet.T5Large] : [ShapeSet.Tiny];
        return new(sets.SelectMany(set => new[] { (set, ScalarType.Float32), (set, ScalarType.BFloat16) }));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_leaves_no_tensor_and_no_memory_behind(ShapeSet shapes, ScalarType dtype)
    {
        var device = CheckedDevice.Find();
        using var set = new ParameterSet(shapes, device.Place, dtype);
        using var sam = Sam(set);
        for (var step = 0; step < WarmUps; step++) Update(sam, set);
        device.Synchronize();
        var (tensors, bytes) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, device.UsedBytes());

        for (var step = 0; step < Steps; step++) Update(sam, set);

        Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        var more = device.UsedBytes() - bytes;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{device}: {bytes / 1e6:0.0} MB in use, {more / 1e6:0.0} more after {Steps} steps"));
        Assert.True(more < Math.Max(LeastGrowth, bytes / 100), $"{more} bytes more after {Steps} steps.");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_does_not_wait_for_the_device(ShapeSet shapes, ScalarType dtype)
    {
        Assert.SkipUnless(CheckedDevice.IsCuda, "The CPU has nothing to wait for.");
        var device = CheckedDevice.Find();
        using var set = new ParameterSet(shapes, device.Place, dtype);
        using var sam = Sam(set);
        for (var step = 0; step < WarmUps; step++) Update(sam, set);
        device.Synchronize();

        // A device that has much to do before it comes to the update: whoever waits for it is late.
        using var factor = ones(8192, 8192, device: device.Place);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 40; i++) factor.mm(factor).Dispose();
        var before = watch.Elapsed;
        Update(sam, set);
        var after = watch.Elapsed;
        device.Synchronize();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"an update returns after {(after - before).TotalMilliseconds:0.0} ms, while the device is busy for " +
                $"{watch.Elapsed.TotalMilliseconds:0.0} ms"));
        Assert.True(after <= watch.Elapsed / 2, $"The update came back {after} after the device got its work, which took it {watch.Elapsed}.");
    }

    // The check for numbers that are not finite is the one read that a step makes.
    private static SharpnessAwareOptimizer Sam(ParameterSet set) =>
        new(new FusedAdamW(set.Parameters, LearningRate), new SharpnessAwareOptions { SkipNonFinite = false });

    private static void Update(SharpnessAwareOptimizer sam, ParameterSet set)
    {
        set.SetGradients();
        sam.Ascend();
        set.SetGradients();
        sam.Descend();
    }
}
