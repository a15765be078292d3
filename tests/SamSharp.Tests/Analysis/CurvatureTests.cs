using SamSharp.Analysis;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

[TensorScope]
public sealed class CurvatureTests : IDisposable
{
    private static readonly double Root2 = Math.Sqrt(2);
    private readonly Bowl _bowl = new();

    public void Dispose() => _bowl.Dispose();

    [Fact]
    public void Power_iteration_finds_eigenpairs_in_turn()
    {
        using var surface = new LossSurface(_bowl, _bowl.Loss);
        using var hessian = new Hessian(surface);
        var pairs = new PowerIteration { Tolerance = 1e-14 }.Top(hessian, 2);
        Close.To([3 + Root2, 3 - Root2], [.. pairs.Select(pair => pair.Value)]);
        foreach (var pair in pairs)
        {
            using var product = hessian.Apply(pair.Vector);
            product.Add(pair.Vector, -pair.Value);
            Assert.Equal(pair.Residual, product.Norm(), 12);
            Assert.InRange(pair.Residual, 0, 1e-6);
            Assert.Equal(1, pair.Vector.Norm(), 12);
            pair.Dispose();
        }
    }

    [Theory]
    [InlineData(1, 0, 0, -3, 1, -3)]
    [InlineData(-1, 0, 0, 3, 3, -1)]
    [InlineData(2, 1, 1, 4, 4.41421356237, 1.58578643763)]
    public void Both_ends_of_the_spectrum_are_found_whichever_is_larger(double a, double b, double c, double d, double largest, double smallest)
    {
        using var bowl = new Bowl(hessian: [a, b, c, d]);
        using var surface = new LossSurface(bowl, bowl.Loss);
        using var hessian = new Hessian(surface);
        var power = new PowerIteration { Tolerance = 0, MaxIterations = 200 };
        using (var end = power.Largest(hessian)) Assert.Equal(largest, end.Value, 1e-9);
        using (var end = power.Smallest(hessian)) Assert.Equal(smallest, end.Value, 1e-9);
        Close.To([largest, smallest], [.. new HessianExtremes().Measure(surface).Select(m => m.Value)], 1e-9);
    }

    [Fact]
    public void Lanczos_is_exact_after_as_many_steps_as_there_are_dimensions()
    {
        const int n = 7;
        using var generator = new Generator(3);
        var a = randn([n, n], dtype: float64, generator: generator);
        var matrix = a.Plus(a.t());
        using var bowl = new Bowl(hessian: matrix.data<double>().ToArray(), weights: [.. Enumerable.Repeat(1.0, n)]);
        using var surface = new LossSurface(bowl, bowl.Loss);
        using var hessian = new Hessian(surface);
        using var run = new Lanczos { Steps = 50 }.Run(hessian);
        Close.To(linalg.eigvalsh(matrix).data<double>().ToArray(), [.. run.Values], 1e-9);
        Assert.Equal(1, run.Weights.Sum(), 12);
        Assert.All(run.Residuals, residual => Assert.InRange(residual, 0, 1e-9));
        using var pair = run.Pair(^1);
        using var product = hessian.Apply(pair.Vector);
        Assert.InRange(product.Add(pair.Vector, -pair.Value).Norm(), 0, 1e-9);
    }

    [Fact]
    public void Lanczos_brackets_the_ends_before_that_and_says_how_closely()
    {
        const int n = 60;
        using var bowl = new Bowl(hessian: diag(linspace(-1, 5, n, dtype: float64)).data<double>().ToArray(), weights: new double[n]);
        using var surface = new LossSurface(bowl, bowl.Loss);
        using var hessian = new Hessian(surface);
        using var run = new Lanczos { Steps = 15 }.Run(hessian);
        Assert.Equal(15, run.Values.Count);
        Assert.InRange(run.Values[^1], 5 - run.Residuals[^1], 5 + 1e-12);
        Assert.InRange(run.Values[0], -1 - 1e-12, -1 + run.Residuals[0]);
        using var pair = run.Pair(0);
        using var product = hessian.Apply(pair.Vector);
        Assert.Equal(pair.Residual, product.Add(pair.Vector, -pair.Value).Norm(), 10);
    }

    [Fact]
    public void Lanczos_stops_where_the_start_has_no_part_in_further_directions()
    {
        using var bowl = new Bowl(hessian: [2, 0, 0, 2]);
        using var surface = new LossSurface(bowl, bowl.Loss);
        using var hessian = new Hessian(surface);
        using var run = new Lanczos().Run(hessian);
        Close.To([2], [.. run.Values]);
        using var nothing = surface.Zero();
        Assert.Throws<ArgumentException>(() => new Lanczos().Run(hessian, nothing));
    }

    [Fact]
    public void The_spectral_density_has_the_mass_mean_and_spread_of_the_spectrum()
    {
        const int n = 40;
        using var bowl = new Bowl(hessian: diag(linspace(-1, 5, n, dtype: float64)).data<double>().ToArray(), weights: new double[n]);
        using var surface = new LossSurface(bowl, bowl.Loss);
        using var hessian = new Hessian(surface);
        var density = SpectralDensity.Estimate(hessian, starts: 40, steps: 12);
        var (x, y) = density.Curve(points: 2000);
        var step = x[1] - x[0];
        double Moment(int power) => x.Zip(y).Sum(point => Math.Pow(point.First, power) * point.Second * step);
        Assert.Equal(1, Moment(0), 3);
        Assert.InRange(Moment(1), 1.8, 2.2);
        Assert.InRange(Moment(2) - (Moment(1) * Moment(1)), 2.7, 3.7);
        Assert.Equal(density.At(x[700], 0.2), density.At(x[700], 0.2));
        Assert.InRange(density.Largest, 4.9, 5 + 1e-9);
    }

    [Fact]
    public void Hutchinson_finds_the_trace_and_the_frobenius_norm_with_the_variance_expected()
    {
        const int probes = 800;
        var found = _bowl.Measure(new HessianTrace { Probes = probes, Seed = 2 });
        Assert.InRange(found[0].Value, 6 - (4 * found[0].Error!.Value), 6 + (4 * found[0].Error!.Value));
        Assert.Equal(4, found[0].Error!.Value * found[0].Error!.Value * probes, 0.1);
        Assert.InRange(found[1].Value, Math.Sqrt(22) - (4 * found[1].Error!.Value), Math.Sqrt(22) + (4 * found[1].Error!.Value));
        // D H D with D = diag(1, 0.5).
        var adaptive = _bowl.Measure(new HessianTrace(adaptive: true) { Probes = probes, Seed = 2 })[0];
        Assert.InRange(adaptive.Value, 3 - (4 * adaptive.Error!.Value), 3 + (4 * adaptive.Error!.Value));
    }

    [Fact]
    public void One_probe_is_exact_for_a_diagonal_hessian()
    {
        using var bowl = new Bowl(hessian: [2, 0, 0, -7]);
        var found = bowl.Measure(new HessianTrace { Probes = 1 });
        Close.To([-5, Math.Sqrt(53)], [.. found.Select(m => m.Value)]);
        Assert.Null(found[0].Error);
        Assert.Equal(MeasurementError.None, found[0].ErrorKind);
    }

    [Fact]
    public void Products_are_symmetric_linear_and_equal_to_differences_of_gradients()
    {
        using var problem = new Problem(batchNorm: true);
        using var surface = new LossSurface(problem.Model, () => problem.Loss(problem.X, problem.Y));
        using var random = new RandomVectors(1);
        using var u = random.Normal(surface);
        using var v = random.Normal(surface);
        using var hu = surface.HessianProduct(u);
        using var hv = surface.HessianProduct(v);
        Assert.Equal(u.Dot(hv), v.Dot(hu), 1e-10);
        Assert.True(hv.Norm() > 0.1);

        surface.Products = HessianVectorProduct.FiniteDifference;
        using var difference = surface.HessianProduct(v);
        Assert.InRange(difference.Add(hv, -1).Norm(), 0, 1e-6 * hv.Norm());
    }

    [Fact]
    public void A_loss_without_second_derivative_is_differenced_unless_exact_products_are_asked_for()
    {
        using var generator = new Generator(5);
        using var model = nn.Linear(16, 16, hasBias: false);
        var x = randn([1, 2, 8, 16], generator: generator);
        Tensor Loss()
        {
            var q = model.forward(x);
            return nn.functional.scaled_dot_product_attention(q, q, q).Squared().mean();
        }
        using var surface = new LossSurface(model, Loss);
        using var random = new RandomVectors(1);
        using var u = random.Normal(surface);
        using var v = random.Normal(surface);
        surface.Products = HessianVectorProduct.Exact;
        var error = Assert.Throws<NotSupportedException>(() => surface.HessianProduct(u));
        Assert.Contains("second derivative", error.Message, StringComparison.Ordinal);

        surface.Products = HessianVectorProduct.Automatic;
        using var hu = surface.HessianProduct(u);
        using var hv = surface.HessianProduct(v);
        Assert.Equal(HessianVectorProduct.FiniteDifference, surface.Products);
        Assert.Equal(u.Dot(hv), v.Dot(hu), 0.02 * Math.Abs(u.Norm() * hv.Norm()));
        Assert.Contains("finite differences", new HessianTrace { Probes = 1 }.Measure(surface)[0].Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_the_loss_does_not_reach_or_reaches_linearly_have_no_curvature()
    {
        using var model = nn.Sequential(("used", nn.Linear(3, 1)), ("unused", nn.Linear(3, 2)));
        var used = (TorchSharp.Modules.Linear)model[0];
        using var surface = new LossSurface(model, () => used.weight!.sum().Plus(used.bias!.Squared().sum()));
        using var random = new RandomVectors(1);
        using var v = random.Normal(surface);
        using var product = surface.HessianProduct(v);
        for (var i = 0; i < surface.Names.Count; i++)
        {
            if (surface.Names[i] == "used.bias")
                Close.To(v.Tensors[i].Times(2), product.Tensors[i]);
            else
                Assert.Equal(0, product.Tensors[i].abs().sum().item<float>());
        }
    }
}
