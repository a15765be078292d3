using SamSharp.Kernels;
using SamSharp.Kernels.Cuda;
using SamSharp.Tests.Kernels.Ptx;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>The test of a device at its first use, and the switch.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class CudaSelfTestTests
{
    [Fact]
    public void A_device_that_computes_right_is_used_and_its_test_is_not_counted()
    {
        using var scope = NewDisposeScope();
        var driver = new PtxDriver();
        List<string> warnings = [];
        var kernels = PtxDevice.Tested(driver, warn: warnings.Add);
        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
        Assert.Equal("cuda:0: used, 2 launches so far", kernels.Status);
        Assert.Empty(warnings);
        Assert.InRange(driver.Launches, 200, 1000);
        Assert.Equal(0, driver.ContextsPushed);

        var tested = driver.Launches;
        kernels.Norm([ones(3)]).Dispose();
        Assert.Equal(tested + 2, driver.Launches); // once is enough
    }

    [Fact]
    public void The_test_launches_every_kernel_for_every_dtype()
    {
        using var scope = NewDisposeScope();
        RecordingDriver recorder = null!;
        PtxDevice.Tested(new PtxDriver(), driver => recorder = new(driver)).Norm([ones(3)]).Dispose();
        var launched = recorder.Launches.Select(launch => launch.Kernel).ToHashSet();
        Assert.Equal(45, launched.Count);
        Assert.Contains(recorder.Launches, launch => launch.Blocks == 120);
        Assert.Contains(recorder.Launches, launch => launch.Table.Length > 0 && BitConverter.ToUInt32(launch.Table, 4) == 120); // a second launch
    }

    [Theory]
    [InlineData("step_float32", "mul.rn", "add.rn", "Step in float32")]
    [InlineData("mix_float16", "add.rn", "sub.rn", "Mix in float16")]
    [InlineData("scaled_square_bfloat16", "mul.rn", "add.rn", "ScaledSquare and Root in bfloat16")]
    [InlineData("total_float64", "add.rn", "sub.rn", "Product and Total in float32")]
    [InlineData("rounded_step_bfloat16", "mul.rn", "add.rn", "RoundedStep at random in bfloat16")]
    [InlineData("round_float16", "mul.lo.s32", "add.s32", "Round at random in float16")]
    [InlineData("take_up_changes_float16", "setp.eq.s16", "setp.ne.s16", "TakeUpChanges in float16")]
    [InlineData("scale_float32", "setp.gt", "setp.eq", "Scale in float32")]
    public void A_device_that_computes_wrong_is_not_used_and_the_status_says_why(string kernel, string right, string wrong, string reason)
    {
        using var scope = NewDisposeScope();
        var driver = new PtxDriver { Edit = Break };
        List<string> warnings = [];
        var kernels = PtxDevice.Tested(driver, warn: warnings.Add);
        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
        Assert.StartsWith($"cuda:0: not used, since {reason} gave other numbers than libtorch (", kernels.Status, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Single(warnings), StringComparison.Ordinal);

        var launches = driver.Launches;
        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
        Assert.Equal((launches, 0), (driver.Launches, kernels.Launches)); // it stays unused, and what the test launched is not counted
        Assert.Single(warnings);

        string Break(string module)
        {
            var text = PtxKernel.Texts(module)[kernel];
            Assert.Contains(right, text, StringComparison.Ordinal);
            return module.Replace(text, text.Replace(right, wrong, StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_test_draws_no_random_number_and_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        var list = new[] { ones(3) };
        PtxDevice.Kernels().Norm(list).Dispose();
        using var generator = Generator.Default;
        var before = generator.get_state();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        PtxDevice.Tested(new PtxDriver()).Norm(list).Dispose();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(before.bytes.ToArray(), generator.get_state().bytes.ToArray());
    }

    [Theory]
    [InlineData("0", "SAMSHARP_CUDA_KERNELS is 0")]
    [InlineData("false", "SAMSHARP_CUDA_KERNELS is false")]
    [InlineData("OFF", "SAMSHARP_CUDA_KERNELS is OFF")]
    [InlineData("no", "SAMSHARP_CUDA_KERNELS is 'no', where 0 turns the kernels off and 1 leaves them on")]
    [InlineData("1", null)]
    [InlineData("true", null)]
    [InlineData("On", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void An_environment_variable_turns_the_kernels_off(string? value, string? reason)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(reason, CudaSwitch.Reason(value));
        var status = reason is null ? "not used so far" : $"not used, since {reason}";
        Assert.StartsWith(status, KernelSets.MakeCuda(value).Status, StringComparison.Ordinal);
        if (reason is null) return;
        var driver = new PtxDriver();
        List<string> warnings = [];
        var kernels = PtxDevice.Tested(driver, warn: warnings.Add, off: reason);
        Assert.Equal($"not used, since {reason}", kernels.Status);
        Assert.Equal(5, kernels.Norm([tensor(new float[] { 3, 4 })]).item<float>());
        Assert.Equal((0, 0), (driver.Launches, kernels.Launches));
        Assert.Empty(warnings); // whoever turned them off knows
    }
}
