using System.Runtime.InteropServices;
using SamSharp.Kernels;
using SamSharp.Kernels.Cuda;
using SamSharp.Tests.Kernels.Ptx;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>What is launched, and what happens where it cannot be; without a GPU.</summary>
public class CudaFallbackTests
{
    [Fact]
    public void A_pass_launches_a_block_for_each_chunk_and_its_table_names_every_tensor()
    {
        using var scope = NewDisposeScope();
        var recorder = new RecordingDriver();
        Tensor[] weights = [ones(3), ones(0), ones(40_000)], vectors = [ones(3), ones(0), ones(40_000)], results = [ones(3), ones(0), ones(40_000)];
        var scale = tensor(0.5f);

        PtxDevice.On(recorder).PerturbAdaptive(weights, results, vectors, scale, 0.125);

        var launch = Assert.Single(recorder.Launches);
        Assert.Equal(("adaptive_step_float32", 4u, 256u, 0.125), (launch.Kernel, launch.Blocks, launch.Threads, launch.Number));
        Assert.Equal((TensorAddress.Of(scale), 0), (launch.First, launch.Second));
        // struct Table: tensors, first_chunk, ends[120], tails[120], addresses[3][120]
        Assert.Equal(8 + (120 * 8) + (360 * 8), launch.Table.Length);
        var numbers = MemoryMarshal.Cast<byte, uint>(launch.Table);
        var addresses = MemoryMarshal.Cast<byte, nint>(launch.Table.AsSpan(968));
        Assert.Equal([2, 0, 1, 4], numbers[..4].ToArray());
        Assert.Equal([3, 40_000 - (2 * 16384)], numbers.Slice(122, 2).ToArray());
        Assert.Equal([TensorAddress.Of(weights[0]), TensorAddress.Of(weights[2])], addresses[..2].ToArray());
        Assert.Equal([TensorAddress.Of(vectors[0]), TensorAddress.Of(vectors[2])], addresses.Slice(120, 2).ToArray());
        Assert.Equal([TensorAddress.Of(results[0]), TensorAddress.Of(results[2])], addresses.Slice(240, 2).ToArray());
    }

    [Fact]
    public void A_rounded_pass_gets_masters_and_keys_too_and_80_tensors_at_a_time()
    {
        using var scope = NewDisposeScope();
        var recorder = new RecordingDriver();
        var (weights, masters) = (Make(bfloat16), Make(float32));
        ulong[] keys = [.. Enumerable.Range(1, 81).Select(key => (ulong)key)];
        var scale = tensor(0.5f);

        PtxDevice.On(recorder).PerturbRounded(new(weights, masters, keys), weights, weights, scale, 0.125);

        Assert.Equal([80u, 1u], recorder.Launches.Select(launch => launch.Blocks));
        var launch = recorder.Launches[0];
        Assert.Equal(("rounded_adaptive_step_bfloat16", 0.125), (launch.Kernel, launch.Number));
        Assert.Equal((TensorAddress.Of(scale), 1), (launch.First, launch.Second)); // at random
        // struct Table: tensors, first_chunk, ends[80], tails[80], addresses[5][80]
        Assert.Equal(8 + (80 * 8) + (400 * 8), launch.Table.Length);
        var addresses = MemoryMarshal.Cast<byte, nint>(launch.Table.AsSpan(648));
        Assert.Equal([TensorAddress.Of(weights[0]), TensorAddress.Of(weights[1])], addresses[..2].ToArray());
        Assert.Equal([TensorAddress.Of(masters[0]), TensorAddress.Of(masters[1])], addresses.Slice(240, 2).ToArray());
        Assert.Equal([1, 2], addresses.Slice(320, 2).ToArray());

        static Tensor[] Make(ScalarType type) => [.. Enumerable.Range(0, 81).Select(_ => ones(5, dtype: type))];
    }

    [Fact]
    public void Launches_depend_on_the_number_of_tensors_alone()
    {
        using var scope = NewDisposeScope();
        var recorder = new RecordingDriver();
        var kernels = PtxDevice.On(recorder);
        var list = Enumerable.Range(0, 509).Select(_ => ones(5)).ToArray();

        kernels.Norm(list);
        Assert.Equal([120u, 120u, 120u, 120u, 29u, 1u], recorder.Launches.Select(launch => launch.Blocks));
        Assert.Equal([0u, 120u, 240u, 360u, 480u], recorder.Launches.Take(5).Select(launch => BitConverter.ToUInt32(launch.Table, 4)));
        Assert.Equal(recorder.Calls.Count(call => call == "cuCtxPushCurrent"), recorder.Calls.Count(call => call == "cuCtxPopCurrent"));
        Assert.Single(recorder.Calls, "cuModuleLoadData");
    }

    [Theory]
    [InlineData("cuInit", 0)]
    [InlineData("cuDeviceGet", 0)]
    [InlineData("cuDevicePrimaryCtxRetain", 0)]
    [InlineData("cuCtxPushCurrent", 0)]
    [InlineData("cuModuleLoadData", 0)]
    [InlineData("cuModuleGetFunction", 0)]
    [InlineData("cuModuleGetFunction", 20)]
    [InlineData("cuCtxPushCurrent", 1)]
    [InlineData("cuCtxPopCurrent", 1)]
    [InlineData("cuLaunchKernel", 0)]
    public void Whatever_fails_others_take_over_and_the_status_says_why(string call, int after)
    {
        using var scope = NewDisposeScope();
        var recorder = new RecordingDriver { Failure = (call, after) };
        List<string> warnings = [];
        var kernels = PtxDevice.On(recorder, warn: warnings.Add);
        Assert.Equal("not used so far: there was no list of contiguous tensors on a CUDA device", kernels.Status);

        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
        Assert.Contains($"not used, since {call} gave CUDA_ERROR_OUT_OF_MEMORY (2)", kernels.Status, StringComparison.Ordinal);

        var calls = recorder.Calls.Count;
        var (weight, result, scale) = (ones(2), zeros(2), kernels.Scale(tensor(2f), 1, 0));
        kernels.Perturb([weight], [result], [ones(2)], scale);
        kernels.PerturbAdaptive([weight], [weight], [ones(2)], scale, 0);
        kernels.Accumulate([weight], [ones(2)], 2);
        kernels.Mix([weight], scale, [ones(2)], scale);
        Assert.Equal(1.5f, result[0].item<float>());
        Assert.Equal(2.25f, weight[0].item<float>());
        Assert.Equal(1, kernels.AdaptiveNorm([ones(1)], [ones(1)], 0).item<float>());
        Assert.Equal(2, kernels.Dot([ones(2)], [ones(2)]).item<double>());
        kernels.Copy([weight], [result]);
        Assert.Equal(1.5f, weight[0].item<float>());
        Assert.Equal(calls, recorder.Calls.Count); // the driver is not asked again
        Assert.Contains($"since {call} gave", Assert.Single(warnings), StringComparison.Ordinal);
        var pushed = recorder.Calls.Count(name => name == "cuCtxPushCurrent") - (call == "cuCtxPushCurrent" ? 1 : 0);
        Assert.Equal(pushed, recorder.Calls.Count(name => name == "cuCtxPopCurrent")); // nothing stays on the thread's stack
    }

    [Fact]
    public void A_launch_that_fails_half_way_leaves_only_the_rest_to_others()
    {
        using var scope = NewDisposeScope();
        var kernels = PtxDevice.Kernels(around: driver => new RecordingDriver(driver) { Failure = ("cuLaunchKernel", 1) });
        var sums = Enumerable.Range(0, 300).Select(_ => ones(2)).ToArray();
        kernels.Accumulate(sums, sums.Select(_ => ones(2)).ToArray(), 1);
        Assert.All(sums, sum => Assert.Equal(2, sum[0].item<float>()));
        Assert.Contains("not used, since cuLaunchKernel", kernels.Status, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cuLaunchKernel")]
    [InlineData("cuCtxPopCurrent")]
    public void Whatever_fails_around_a_launch_its_work_is_done_once(string call)
    {
        using var scope = NewDisposeScope();
        var kernels = PtxDevice.Kernels(around: driver => new RecordingDriver(driver) { Failure = (call, 1) });
        var sum = ones(2);
        kernels.Accumulate([sum], [ones(2)], 1);
        Assert.Equal(2, sum[0].item<float>());
        kernels.Accumulate([sum], [ones(2)], 1);
        Assert.Equal(3, sum[0].item<float>());
        Assert.Contains($"not used, since {call}", kernels.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_throws_leaves_no_context_behind()
    {
        using var scope = NewDisposeScope();
        var driver = new PtxDriver { Edit = text => text.Replace("bar.sync \t0;", "", StringComparison.Ordinal) };
        Assert.Throws<PtxException>(() => PtxDevice.Kernels(driver).Norm([ones(2)]));
        Assert.Equal(0, driver.ContextsPushed);
    }

    [Fact]
    public void Two_devices_are_served_each_in_its_own_context_and_one_may_fail()
    {
        using var scope = NewDisposeScope();
        foreach (var (second, expected) in new[]
        {
            (5, "cuda:2: used, 2 launches so far; cuda:5: used, 2 launches so far"),
            (9, "cuda:2: used, 2 launches so far; cuda:9: not used, since cuDeviceGet gave CUDA_ERROR_INVALID_VALUE (1)"),
        })
        {
            var (driver, device) = (new PtxDriver(), 2);
            var place = new TensorPlace(DeviceType.CPU, _ => device, driver.Memory.AddressOf);
            var kernels = PtxDevice.On(driver, place);
            Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
            device = second;
            Assert.Equal(5, kernels.Norm([tensor(new double[] { 3, 4 })]).item<double>());
            Assert.Equal(expected, kernels.Status);
        }
    }

    [Fact]
    public void Lists_that_the_kernels_do_not_take_go_to_others_without_a_launch()
    {
        using var scope = NewDisposeScope();
        var recorder = new RecordingDriver();
        var kernels = PtxDevice.On(recorder);
        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 0, 4, 0 }).slice(0, 0, 4, 2)]).item<float>());
        var (weight, half) = (ones(2), ones(2, dtype: float16));
        kernels.Perturb([weight], [weight], [ones(2)], tensor(0.5));        // a float64 scale
        kernels.Accumulate([weight, half], [ones(2), ones(2, dtype: float16)], 0.5);
        Assert.Equal(2, weight[0].item<float>());
        Assert.Equal(1.5f, half[0].to(float32).item<float>());
        Assert.Empty(recorder.Launches);
    }

    [Fact]
    public void Without_a_driver_the_status_says_so()
    {
        using var scope = NewDisposeScope();
        List<string> warnings = [];
        var kernels = CudaKernels.Tested(() => new CudaDriver("no-such-driver.so"), warnings.Add, null,
            new(DeviceType.CPU, _ => 3, TensorAddress.Of));
        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
        const string Reason = "since NVIDIA's driver is not installed: there is no no-such-driver.so";
        Assert.EndsWith($"cuda:3: not used, {Reason}", kernels.Status, StringComparison.Ordinal);
        Assert.Equal(["SamSharp: libtorch's operators compute the updates on cuda:3; this library's kernels do not run there, " + Reason + "."],
            warnings);
    }

    [Fact]
    public void A_library_that_is_no_driver_is_named_with_what_it_lacks()
    {
        var exception = Assert.Throws<CudaException>(() => new CudaDriver(OperatingSystem.IsWindows() ? "kernel32.dll" : "libc.so.6"));
        Assert.EndsWith(" has no cuInit", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_is_the_vectorized_kernels_on_the_CPU()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var vector = randn(10_001, generator: generator);
        Close.Bits(KernelSets.Vectorized.Norm([vector]), KernelSets.Default.Norm([vector]));
        Assert.Same(KernelSets.Default, KernelSets.Of(new SharpnessAwareOptions().Kernels));
        Assert.Equal(KernelSets.MultiTensor.Norm([vector]).item<float>(), KernelSets.Cuda.Norm([vector]).item<float>());
        Assert.StartsWith("not used so far", KernelSets.CudaStatus, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_is_the_first_elements_and_not_the_storages()
    {
        using var scope = NewDisposeScope();
        var whole = ones(8, dtype: bfloat16);
        Assert.Equal(6, TensorAddress.Of(whole.narrow(0, 3, 2)) - TensorAddress.Of(whole));
    }
}
