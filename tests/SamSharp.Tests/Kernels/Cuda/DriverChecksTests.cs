using SamSharp.DriverChecks;
using SamSharp.Kernels.Cuda;
using SamSharp.Tests.Kernels.Ptx;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>The program that checks the kernels on a machine with nothing but a driver, driven by the device that runs PTX here.</summary>
public class DriverChecksTests
{
    [Fact]
    public void All_kernels_are_right_and_the_table_has_a_line_for_each()
    {
        var driver = new PtxDriver();
        var (code, output, errors, buffers) = Run(driver);
        Assert.Equal((Harness.Right, "", 0, 0), (code, errors, buffers, driver.ContextsPushed));
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.StartsWith("device 1: PTX on the CPU; ", lines[0], StringComparison.Ordinal);
        Assert.Equal(1 + 1 + 45 + 1 + 17 + 4 + 1, lines.Length); // the device; kernels; passes and the copy; rounded ones; the verdict
        Assert.Equal("every kernel computes what it should", lines[^1]);
        Assert.True(driver.Launches > 500);
    }

    [Theory]
    [InlineData("mix_float64", "mul.rn", "add.rn", "Mix                 Float64 ")]
    [InlineData("rounded_step_float16", "mul.rn", "add.rn", "RoundedStep         Float16 ")]
    [InlineData("round_bfloat16", "mul.lo.s32", "add.s32", "Round               BFloat16 ")]
    [InlineData("total_float64", "add.rn", "sub.rn", "Total               Float64 ")]
    public void A_kernel_that_is_wrong_is_named_and_the_exit_code_says_so(string kernel, string right, string wrong, string line)
    {
        var (code, output, _, buffers) = Run(new PtxDriver
        {
            Edit = module =>
            {
                var text = PtxKernel.Texts(module)[kernel];
                Assert.Contains(right, text, StringComparison.Ordinal);
                return module.Replace(text, text.Replace(right, wrong, StringComparison.Ordinal), StringComparison.Ordinal);
            },
        });
        Assert.Equal((Harness.Wrong, 0), (code, buffers));
        var named = output.Split('\n').First(text => text.StartsWith(line, StringComparison.Ordinal)); // the checks come before the bandwidths
        Assert.EndsWith("WRONG", named.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("\nWRONG: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_driver_it_says_so_in_one_sentence()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = Harness.Run(() => throw new CudaException("NVIDIA's driver is not installed: there is no libcuda.so.1"), output, errors, 1);
        Assert.Equal((Harness.Unchecked, ""), (code, output.ToString()));
        Assert.Equal("The kernels were not all checked, since NVIDIA's driver is not installed: there is no libcuda.so.1.", errors.ToString().Trim());
    }

    [Fact]
    public void Numbers_are_rounded_as_the_formats_demand()
    {
        var bytes = new byte[8];
        foreach (var (type, value, expected) in new[]
        {
            (ElementType.BFloat16, 1 + (1 / 256.0), 1.0), (ElementType.BFloat16, 1 + (3 / 256.0), 1 + (1 / 64.0)),
            (ElementType.BFloat16, double.PositiveInfinity, double.PositiveInfinity), (ElementType.Float16, 1 + (1 / 2048.0), 1.0),
            (ElementType.Float16, 65520, double.PositiveInfinity), (ElementType.Float32, 0.1, 0.1f), (ElementType.Float64, 0.1, 0.1),
        })
        {
            Elements.Write(bytes, 0, type, value);
            Assert.Equal(expected, Elements.Read(bytes, 0, type));
        }
    }

    private static (int Code, string Output, string Errors, int Buffers) Run(PtxDriver driver)
    {
        var machine = new PtxMachine(driver);
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = Harness.Run(() => machine, output, errors, elements: 20_000);
        return (code, output.ToString(), errors.ToString(), machine.Buffers);
    }
}
