using SamSharp.MixedPrecision;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.MixedPrecision;

/// <summary>Scopes of autocast, on the CPU; the state of the CUDA half is the same code, and can be set without a GPU.</summary>
[TensorScope]
public class AutocastTests
{
    [Fact]
    public void The_libtorch_of_this_version_of_TorchSharp_exports_every_name()
    {
        Assert.Equal(7, AutocastFunctions.Names.Length);
        Assert.Null(AutocastFunctions.OfLibtorch.Missing);
    }

    [Fact]
    public void Products_are_made_in_16_bits_within_the_scope_and_gradients_are_float32()
    {
        using var x = rand(4, 8);
        using var linear = nn.Linear(8, 3);
        foreach (var (open, type) in new[] { ((Func<Autocast>)(() => Autocast.BFloat16(CPU)), bfloat16), (() => Autocast.Float16(CPU), float16) })
        {
            using (open())
            {
                Assert.Equal(type, Autocast.TypeOn(CPU));
                var y = linear.call(x);
                Assert.Equal(type, y.dtype);
                Assert.Equal(float32, nn.functional.mse_loss(y, zeros_like(y)).dtype);
                y.sum().backward();
            }
            Assert.Null(Autocast.TypeOn(CPU));
            Assert.Equal(float32, linear.call(x).dtype);
            Assert.Equal(float32, linear.weight.grad!.dtype);
        }
    }

    [Fact]
    public void Scopes_nest_and_each_restores_what_it_found()
    {
        Assert.Null(Autocast.TypeOn(CPU));
        using (Autocast.BFloat16(CPU))
        {
            using (Autocast.Float16(CPU))
            {
                Assert.Equal(float16, Autocast.TypeOn(CPU));
                using (Autocast.Disabled(CPU)) Assert.Null(Autocast.TypeOn(CPU));
                Assert.Equal(float16, Autocast.TypeOn(CPU));
            }
            Assert.Equal(bfloat16, Autocast.TypeOn(CPU));
            Assert.Equal(1, AutocastFunctions.OfLibtorch.Depth);
        }
        Assert.Null(Autocast.TypeOn(CPU));
        Assert.Equal(0, AutocastFunctions.OfLibtorch.Depth);
        Assert.Equal(bfloat16, AutocastFunctions.OfLibtorch[DeviceType.CPU].Dtype);
    }

    [Fact]
    public void The_devices_have_states_of_their_own()
    {
        var cuda = new Device("cuda:0");
        using (Autocast.BFloat16(cuda))
        {
            Assert.Equal(bfloat16, Autocast.TypeOn(cuda));
            Assert.Null(Autocast.TypeOn(CPU));
        }
        Assert.Null(Autocast.TypeOn(cuda));
        Assert.Equal(float16, AutocastFunctions.OfLibtorch[DeviceType.CUDA].Dtype);
    }

    [Fact]
    public void An_exception_within_using_restores_and_so_does_closing_in_the_wrong_order()
    {
        Assert.Throws<ThrownByTest>((Action)(() =>
        {
            using var scope = Autocast.BFloat16(CPU);
            throw new ThrownByTest();
        }));
        Assert.Null(Autocast.TypeOn(CPU));

        var (outer, inner) = (Autocast.BFloat16(CPU), Autocast.Float16(CPU));
        outer.Dispose();
        inner.Dispose();
        inner.Dispose();
        Assert.Null(Autocast.TypeOn(CPU));
        Assert.Equal(0, AutocastFunctions.OfLibtorch.Depth);
    }

    [Fact]
    public void What_a_throwing_closure_left_open_is_closed()
    {
        using var problem = new Problem(float32);
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        Autocast? forgotten = null;
        using var around = Autocast.BFloat16(CPU);
        Assert.Throws<ThrownByTest>(() => optimizer.Step(() =>
        {
            forgotten = Autocast.Disabled(CPU);
            _ = Autocast.Float16(new Device("cuda:0"));
            throw new ThrownByTest();
        }));
        Assert.Equal((bfloat16, 1), (Autocast.TypeOn(CPU), AutocastFunctions.OfLibtorch.Depth));
        Assert.Null(Autocast.TypeOn(new Device("cuda:0")));
        forgotten!.Dispose();
        Assert.Equal((bfloat16, 1), (Autocast.TypeOn(CPU), AutocastFunctions.OfLibtorch.Depth));
    }

    [Fact]
    public void A_thread_has_a_state_of_its_own()
    {
        using var scope = Autocast.BFloat16(CPU);
        ScalarType? elsewhere = bfloat16;
        Exception? refused = null;
        var thread = new Thread(() =>
        {
            elsewhere = Autocast.TypeOn(CPU);
            refused = Record.Exception(scope.Dispose);
        });
        thread.Start();
        thread.Join();
        Assert.Null(elsewhere);
        Assert.Contains("the thread that opened it", Assert.IsType<InvalidOperationException>(refused).Message, StringComparison.Ordinal);
        Assert.Equal(bfloat16, Autocast.TypeOn(CPU));
    }

    [Fact]
    public void A_libtorch_without_the_functions_gives_one_clear_exception()
    {
        var without = new AutocastFunctions(name => name.Contains("clear_cache", StringComparison.Ordinal) ? 0 : 1);
        var refused = Assert.Throws<NotSupportedException>(() => Autocast.Open(without, CPU, bfloat16));
        Assert.Equal("The libtorch in this process has no autocast that can be reached: it does not export " +
            $"{AutocastFunctions.Names[^1]}.", refused.Message);
    }

    [Fact]
    public void Other_devices_are_refused() => Assert.Throws<ArgumentException>(() => Autocast.BFloat16(META));
}
