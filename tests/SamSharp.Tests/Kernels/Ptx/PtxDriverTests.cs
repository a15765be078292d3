using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>The device that runs PTX here refuses what a GPU would run wrongly, or not at all.</summary>
[TensorScope]
public class PtxDriverTests
{
    /// <summary>Mistakes in the kernel square_float32, and what is said of them.</summary>
    public static TheoryData<string, string, string> Mistakes() => new()
    {
        { "mul.rn.f64 \t%fd26, %fd25, %fd25;", "fma.rn.f64 \t%fd26, %fd25, %fd25, %fd25;", "fma.rn.f64 %fd26, %fd25, %fd25, %fd25: unknown" },
        { "mul.rn.f64 \t%fd26,", "mul.f64 \t%fd26,", "unknown" }, // which a driver may contract with a sum
        { "ret;", "exit;", "unknown" },
        { "ld.global.f32 \t%f6, [%rd29];", "ld.global.f32 \t%f6, [%rd29+4];", "4 bytes at 0x" },
        { "ld.global.f32 \t%f6, [%rd29];", "ld.global.f32 \t%f6, [%rd29+-4];", "lie in no buffer" },
        { "ld.global.f32 \t%f6, [%rd29];", "ld.global.f32 \t%f6, [%rd29+2];", "are not aligned" },
        { "ld.global.f32 \t%f6, [%rd29];", "ld.shared.f32 \t%f6, [%rd29];", "lie in none of _ZZ14square_float32E4sums" },
        { "ld.param.u64 \t%rd22, [%rd17+2888];", "ld.param.u64 \t%rd22, [%rd17+3848];", "lie in none of square_float32_param_0" },
        { "st.shared.f64 \t[%rd9], %fd53;", "st.shared.f64 \t[%rd9+8], %fd53;", "lie in none of _ZZ14square_float32E4sums" },
        { "st.shared.f64 \t[%rd9], %fd53;", "", "that nothing has written" },
        { "$L__BB0_18:\n\tbar.sync \t0;", "$L__BB0_18:", "races with" },
        { "@%p14 bra \t$L__BB0_18;", "@%p14 bra \t$L__BB0_20;", "while others wait at" },
        { "$L__BB0_18:\n\tbar.sync \t0;", "$L__BB0_18:\n\t@%p14 bar.sync \t0;", "unknown" },
        { "add.s32 \t%r58, %r58, 256;", "add.s32 \t%r58, %r58, 0;", "a loop does not end" },
        { "mov.u32 \t%r12, %tid.x;", "", "may read %r12 before anything has written it" },
        { "mov.u32 \t%r12, %tid.x;", "mov.u32 \t%r12, %laneid;", "unknown operand %laneid" },
        { "mov.u32 \t%r12, %tid.x;", "mov.u32 \t%r59, %tid.x;", "%r59 is not declared" },
        { "mul.rn.f64 \t%fd26, %fd25, %fd25;", "mul.rn.f64 \t%fd26, %r58, %fd25;", "a UInt32 in place of a Double" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_in_the_PTX_ends_the_test(string right, string wrong, string problem)
    {
        using var scope = NewDisposeScope();
        var driver = new PtxDriver { Edit = Edited };
        var exception = Assert.Throws<PtxException>(() => PtxDevice.Kernels(driver).Norm([ones(1)]));
        Assert.Contains("square_float32", exception.Message, StringComparison.Ordinal);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);

        string Edited(string module)
        {
            var text = PtxKernel.Texts(module)["square_float32"];
            Assert.Contains(right, text, StringComparison.Ordinal);
            return module.Replace(text, text.Replace(right, wrong, StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_module_for_another_architecture_is_refused() => Assert.Throws<PtxException>(() =>
        PtxDevice.Kernels(new PtxDriver { Edit = module => module.Replace("sm_75", "sm_90", StringComparison.Ordinal) }).Norm([ones(1)]));

    [Fact]
    public void Memory_of_a_tensor_that_is_gone_is_not_found()
    {
        using var scope = NewDisposeScope();
        var memory = new PtxMemory();
        var tensor = ones(4);
        var address = (ulong)memory.AddressOf(tensor);
        Assert.Equal(TensorAddress.Of(tensor), memory.Find(address + 8, 8).Host);
        Assert.Equal(address % 16, (ulong)TensorAddress.Of(tensor) % 16);
        Assert.Throws<PtxException>(() => memory.Find(address + 12, 8));
        Assert.Throws<PtxException>(() => memory.Find(address - 4, 4));
        tensor.Dispose();
        Assert.Contains("is disposed", Assert.Throws<PtxException>(() => memory.Find(address, 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Launches_of_another_size_or_without_their_context_are_errors()
    {
        using var scope = NewDisposeScope();
        var driver = new PtxDriver();
        PtxDevice.Kernels(driver).Norm([ones(1)]).Dispose();
        driver.DeviceGet(out var device, 0);
        driver.DevicePrimaryCtxRetain(out var context, device);
        driver.DeviceGet(out device, 1);
        driver.DevicePrimaryCtxRetain(out var other, device);
        const int Function = 1, InvalidValue = 1, InvalidContext = 201, InvalidHandle = 400;
        Assert.Equal(InvalidContext, driver.LaunchKernel(Function, 1, 256, null));
        driver.CtxPushCurrent(context);
        Assert.Equal(InvalidValue, driver.LaunchKernel(Function, 0, 256, null));
        Assert.Equal(InvalidValue, driver.LaunchKernel(Function, 1, 128, null));
        Assert.Equal(InvalidHandle, driver.LaunchKernel(9999, 1, 256, null));
        driver.CtxPushCurrent(other);
        Assert.Equal(InvalidContext, driver.LaunchKernel(Function, 1, 256, null)); // what a launch has left behind
        driver.CtxPopCurrent(out _);
        driver.CtxPopCurrent(out _);
        driver.CtxPushCurrent(other);
        Assert.Equal(InvalidHandle, driver.LaunchKernel(Function, 1, 256, null));
    }
}
