using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Numbers whose squares and products leave the range of their type, where the results do not: everything is as in float64.</summary>
[TensorScope]
public class ExtremeNumbersTests
{
    private static readonly Dictionary<string, IGeometry> Geometries = new()
    {
        ["Euclidean"] = new EuclideanGeometry(NormFloor: 0),
        ["adaptive"] = new AdaptiveGeometry(NormFloor: 0),
        ["layer by layer"] = new LayerwiseGeometry(),
        ["filters"] = new FilterGeometry(new EuclideanGeometry(NormFloor: 0)),
        ["scaled layers"] = new LayerScaledGeometry(NormFloor: 0),
        ["clipped tensors"] = new TensorClippedGeometry(NormFloor: 0),
        ["scaled by the weights"] = new WeightScaledGeometry(new EuclideanGeometry(NormFloor: 0)),
        ["adaptive, all of the weights' size"] = new AdaptiveGeometry(Kappa: 0, NormFloor: 0),
    };

    public static TheoryData<string, ScalarType, double, double> GeometriesAndSizes()
    {
        var cases = new TheoryData<string, ScalarType, double, double>();
        foreach (var name in Geometries.Keys)
        {
            cases.Add(name, ScalarType.Float32, 1, 1e20);
            cases.Add(name, ScalarType.Float32, 1, 1e-25);
            cases.Add(name, ScalarType.Float32, 1e-21, 1);
            cases.Add(name, ScalarType.Float32, 1e-25, 1);
            if (name != "clipped tensors") cases.Add(name, ScalarType.Float32, 1e25, 1); // what is cut there is itself beyond float32
            cases.Add(name, ScalarType.Float32, 1, 1e-30);
            cases.Add(name, ScalarType.Float32, 1, 1e30);
            cases.Add(name, ScalarType.Float16, 20_000, 1);
            cases.Add(name, ScalarType.Float16, 1, 3e-5);
            cases.Add(name, ScalarType.BFloat16, 1, 1e20);
        }
        return cases;
    }

    /// <summary>Weights of one size and gradients of another: e is as in float64, with squares that leave the range of the type. The radius makes e
    /// about as large as the weights.</summary>
    [Theory]
    [MemberData(nameof(GeometriesAndSizes))]
    public void Perturbations_are_as_in_float64(string geometry, ScalarType type, double weights, double gradients)
    {
        var rho = Enumerable.Range(-40, 100).Select(power => Math.Pow(10, power))
            .First(rho => Perturbation(Geometries[geometry], ScalarType.Float64, weights, gradients, rho).Max(Math.Abs) > 0.05 * weights);
        var expected = Perturbation(Geometries[geometry], ScalarType.Float64, weights, gradients, rho);
        var actual = Perturbation(Geometries[geometry], type, weights, gradients, rho);
        Close.To(expected, actual, (type == ScalarType.Float32 ? 1e-5 : 0.02) * weights);
    }

    private static readonly Dictionary<string, Func<SharpnessAwareOptions>> ProductsOfGradients = new()
    {
        ["GSAM"] = () => Recipe.Gsam(),
        ["GSAM, plain loss"] = () => new() { Combiner = new SurrogateGap(MinimizePerturbed: false) },
        ["LookSAM"] = () => new() { Combiner = new RememberedSharpness(), Schedule = RadiusSchedule.Every(2) },
        ["GAM"] = () => Recipe.Gam(),
        ["escape"] = () => Recipe.SharpnessAwareEscape(),
    };

    public static TheoryData<string, double> ProductsOfGradientsAndSizes()
    {
        var cases = new TheoryData<string, double>();
        foreach (var name in ProductsOfGradients.Keys)
        {
            foreach (var size in new[] { 1e-30, 1e-25, 1e-15, 1, 1e15, 1e25, 1e30 }) cases.Add(name, size);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(ProductsOfGradientsAndSizes))]
    public void Projections_are_as_in_float64(string name, double size)
    {
        var expected = Weights(name, ScalarType.Float64, size);
        Assert.All(expected, weight => Assert.InRange(Math.Abs(weight), 1e-3, 10));
        Close.To(expected, Weights(name, ScalarType.Float32, size), 1e-5);
    }

    /// <summary>The weights after four steps of SGD at a rate of 1 / size, on gradients of that size that differ from pass to pass.</summary>
    private static double[] Weights(string name, ScalarType type, double size)
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(zeros(3, dtype: type));
        using var optimizer = optim.SGD([weight], 1 / size).WithSharpnessAwareness(ProductsOfGradients[name]());
        var pass = 0;
        for (var step = 0; step < 4; step++)
        {
            optimizer.Step(() =>
            {
                pass++;
                weight.grad = tensor(new[] { Math.Cos(pass), 0.3 + Math.Sin(pass), 0.5 }).Times(size).to(type);
                return tensor(1.0);
            });
        }
        return weight.to(ScalarType.Float64).data<double>().ToArray();
    }

    private static double[] Perturbation(IGeometry geometry, ScalarType type, double weights, double gradients, double rho)
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(tensor(new[] { 1.0, -2, 0.5, 1.5, 2, -1 }).Times(weights).reshape(2, 3).to(type));
        var slopes = tensor(new[] { 0.5, 1.5, -1, 2, 1, -0.25 }).Times(gradients).reshape(2, 3).to(type);
        var points = new List<double[]>();
        using var optimizer = optim.SGD([weight], 0).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = rho, Geometry = geometry });
        optimizer.Step(() =>
        {
            points.Add(weight.detach().to(float64).data<double>().ToArray());
            weight.grad = slopes.clone();
            return tensor(1.0);
        });
        return [.. points[1].Zip(points[0], (there, here) => there - here)];
    }
}
