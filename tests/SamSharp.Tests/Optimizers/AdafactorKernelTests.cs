using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Every kernel computes what the reference does.</summary>
[TensorScope]
public class AdafactorKernelTests
{
    /// <summary>Sizes around the vector widths, several blocks and matrices, one large enough to be shared by the threads.</summary>
    private static readonly long[][] Shapes =
    [
        [], [1], [2], [3], [7], [8], [9], [33], [140_001],
        [1, 1], [1, 9], [9, 1], [2, 3], [7, 17], [64, 32], [270, 500], [1030, 1024], [2, 131_100], [2, 3, 4], [5, 1, 9], [2, 2, 3, 3], [2, 300, 450],
    ];

    public static TheoryData<UpdateKernels, ScalarType, double, bool, double> Cases()
    {
        var cases = new TheoryData<UpdateKernels, ScalarType, double, bool, double>();
        foreach (var kernel in new[] { UpdateKernels.Automatic, UpdateKernels.MultiTensor })
        {
            foreach (var (beta1, scale, decay) in new[] { (0.0, true, 0.0), (0.9, true, 0.1), (0.0, false, 0.1), (0.9, false, 0.0) })
            {
                cases.Add(kernel, ScalarType.Float32, beta1, scale, decay);
                cases.Add(kernel, ScalarType.Float64, beta1, scale, decay);
            }
            cases.Add(kernel, ScalarType.BFloat16, 0.9, true, 0.1);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_kernel_equals_the_reference(UpdateKernels kernel, ScalarType type, double beta1, bool scale, double decay)
    {
        using var scope = NewDisposeScope();
        var (expected, expectedWeights) = Run(UpdateKernels.Reference, type, beta1, scale, decay);
        var (actual, actualWeights) = Run(kernel, type, beta1, scale, decay);
        for (var i = 0; i < Shapes.Length; i++)
        {
            AssertClose(expectedWeights[i], actualWeights[i], Shapes[i]);
            var (mine, theirs) = ((ParameterState)actual.state_dict().State[i], (ParameterState)expected.state_dict().State[i]);
            AssertClose(theirs["exp_avg_sq"], mine["exp_avg_sq"], Shapes[i]);
            AssertClose(theirs["exp_avg_sq_row"], mine["exp_avg_sq_row"], Shapes[i]);
            AssertClose(theirs["exp_avg_sq_col"], mine["exp_avg_sq_col"], Shapes[i]);
            AssertClose(theirs["exp_avg"], mine["exp_avg"], Shapes[i]);
            AssertClose(theirs["RMS"], mine["RMS"], Shapes[i]);
        }
        actual.Dispose();
        expected.Dispose();
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var (one, oneWeights) = Run(UpdateKernels.Automatic, float32, 0.9, true, 0.1);
            set_num_threads(2);
            var (two, twoWeights) = Run(UpdateKernels.Automatic, float32, 0.9, true, 0.1);
            Assert.All(oneWeights.Zip(twoWeights), pair => Assert.True(pair.First.SameBits(pair.Second)));
            one.Dispose();
            two.Dispose();
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Theory]
    [InlineData(UpdateKernels.Automatic)]
    [InlineData(UpdateKernels.MultiTensor)]
    public void Strided_weights_and_gradients_are_updated_in_place(UpdateKernels kernel)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor start = randn([6, 4], generator: generator), gradient = randn([6, 4], generator: generator);
        Parameter plain = new(start.clone()), transposed = new(start.t().contiguous().t()), gradientOnly = new(start.clone());
        using var optimizer = new Adafactor([plain, transposed, gradientOnly], lr: 0.1, kernel: kernel);
        plain.grad = gradient;
        transposed.grad = gradient;
        gradientOnly.grad = gradient.t().contiguous().t();
        optimizer.step();

        Assert.False(transposed.is_contiguous());
        Assert.True(plain.allclose(transposed) && plain.allclose(gradientOnly));
        Assert.False(plain.allclose(start));
    }

    [Theory]
    [InlineData(UpdateKernels.Automatic)]
    [InlineData(UpdateKernels.MultiTensor)]
    [InlineData(UpdateKernels.Reference)]
    public void A_row_without_gradient_does_not_leave_the_range_of_single_precision(UpdateKernels kernel)
    {
        var weight = new Parameter(ones(3, 4));
        using var optimizer = new Adafactor([weight], kernel: kernel);
        weight.grad = zeros(3, 4);
        weight.grad[0, 0].Fill(1e6f); // two rows and three columns without gradient
        optimizer.step();
        Assert.True(weight.isfinite().all().Read<bool>());
        Assert.Equal(1, weight[2, 3].ReadDouble());
    }

    private static (Adafactor, Parameter[]) Run(UpdateKernels kernel, ScalarType type, double beta1, bool scale, double decay)
    {
        using var generator = new Generator(17);
        var weights = Shapes.Select(shape => new Parameter(randn(shape, generator: generator).to(type))).ToArray();
        var optimizer = new Adafactor(weights, lr: 0.01, beta1: beta1, scaleParameter: scale, weightDecay: decay, kernel: kernel);
        for (var step = 1; step <= 2; step++)
        {
            foreach (var weight in weights) weight.grad = randn(weight.shape, generator: generator).Times(step).to(type);
            optimizer.step();
        }
        return (optimizer, weights);
    }

    private static void AssertClose(Tensor? expected, Tensor? actual, long[] shape)
    {
        Assert.Equal(expected is null, actual is null);
        if (expected is null || actual is null) return;
        var tolerance = expected.dtype switch { ScalarType.Float64 => 1e-12, ScalarType.Float32 => 1e-5, _ => 1e-2 };
        Assert.True(expected.allclose(actual, tolerance, tolerance),
            $"[{string.Join(", ", shape)}]: {(expected - actual).abs().max().to(float64).ReadDouble()}");
    }
}
