using SamSharp.Kernels;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Kernels;

/// <summary>libtorch's fuser is off while this library's functions are compiled, and as it was otherwise.</summary>
[Collection(GlobalRandomNumbers.Name)] // nothing runs beside it
public class TensorExpressionFuserTests
{
    [Fact]
    public void It_is_off_until_the_last_scope_ends()
    {
        Assert.True(TensorExpressionFuser.IsOn); // libtorch's default, and found here
        using (TensorExpressionFuser.Off())
        {
            Assert.False(TensorExpressionFuser.IsOn);
            using (TensorExpressionFuser.Off()) Assert.False(TensorExpressionFuser.IsOn);
            Assert.False(TensorExpressionFuser.IsOn);
        }
        Assert.True(TensorExpressionFuser.IsOn);
    }

    [Fact]
    public void Every_call_of_a_function_is_such_a_scope_also_one_that_fails()
    {
        using var scope = NewDisposeScope();
        var opened = TensorExpressionFuser.Opened;
        Assert.Equal(5, KernelSets.MultiTensor.Dot([ones(5)], [ones(5)]).ReadDouble());
        Assert.Equal(opened + 1, TensorExpressionFuser.Opened);
        Assert.ThrowsAny<Exception>(() => KernelSets.MultiTensor.Dot([ones(5)], [ones(3)]));
        Assert.Equal(opened + 2, TensorExpressionFuser.Opened);
        Assert.True(TensorExpressionFuser.IsOn);
    }
}
