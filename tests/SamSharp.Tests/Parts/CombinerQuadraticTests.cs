using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Parts;

/// <summary>Final gradients on a quadratic at rho = 0.1, on TorchSharp's bases and on the library's own; the figures were computed
/// independently. There g = (1.5, -1), g+ = (1.610940039, -1.138675049).</summary>
public class CombinerQuadraticTests
{
    private static readonly double[] Gradient = [1.5, -1];
    private static readonly double[] Perturbed = [1.610940039, -1.138675049];
    private readonly Quadratic _quadratic = new();

    private static readonly Dictionary<string, (ICombiner Combiner, double[] Gradient)> Formulas = new()
    {
        ["GSAM"] = (new SurrogateGap(0.4), [1.599579058, -1.154747992]),
        ["GSAM with alpha 0 is SAM"] = (new SurrogateGap(0), Perturbed),
        // g + 0.4 (g+ - c g), c = <g, g+> / ||g||^2 = 3.555085108 / 3.25
        ["GSAM descending the plain loss"] = (new SurrogateGap(0.4, MinimizePerturbed: false), [1.4880526110, -1.0179210833]),
        ["GSAM descending the plain loss with alpha 0 is the base"] = (new SurrogateGap(0, MinimizePerturbed: false), Gradient),
        ["coupled WSAM"] = (WeightedGradient.OfGamma(0.9), [2.498460353, -2.248075442]),
        ["coupled WSAM with gamma 0.5 is SAM"] = (WeightedGradient.OfGamma(0.5), Perturbed),
        ["coupled WSAM with gamma 0 is the base"] = (WeightedGradient.OfGamma(0), Gradient),
        ["G-RST, half of each"] = (new WeightedGradient(0.5), [1.5554700195, -1.0693375245]),
        ["StableSAM"] = (new RescaledGradient(), [1.472146040, -1.040570054]),
        ["CR-SAM"] = (new CurvatureRegularized(0.1, 0.1), [1.633128047, -1.166410059]),
        ["CR-SAM without its terms is SAM"] = (new CurvatureRegularized(0, 0), Perturbed),
        // On a quadratic g+ + g- = 2 g.
        ["CR-SAM's curvature is what a quadratic has not"] = (new CurvatureRegularized(5, 0), Perturbed),
        ["LookSAM in its own steps is SAM"] = (new RememberedSharpness(0.7), Perturbed),
    };

    public static TheoryData<string, string> Figures() => SgdBases.Beside(Formulas.Keys);

    [Theory]
    [MemberData(nameof(Figures))]
    public void The_final_gradient_is_the_formulas(string formula, string bases)
    {
        var (combiner, expected) = Formulas[formula];
        using var optimizer = SgdBases.All[bases]([_quadratic.W], 0.1, 0)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = combiner });
        using var loss = optimizer.Step(_quadratic.Backward);
        Assert.Equal(1, loss.item<double>(), 12);
        Close.To(expected, _quadratic.FinalGradient);
        Close.To([1 - (0.1 * expected[0]), -0.5 - (0.1 * expected[1])], _quadratic.Weights);
    }

    /// <summary>w - lr (g + 9 (g+ - g)), whichever gradient the base optimizer reads: the parameter's own or the one it was handed.</summary>
    [Theory]
    [MemberData(nameof(SgdBases.Names), MemberType = typeof(SgdBases))]
    public void Decoupled_sharpness_steps_the_base_with_the_gradient_at_the_weights(string bases)
    {
        using var optimizer = SgdBases.All[bases]([_quadratic.W], 0.1, 0).WithSharpnessAwareness(Recipe.Wsam(rho: 0.1, gamma: 0.9));
        optimizer.Step(_quadratic.Backward).Dispose();
        Close.To([0.750153965, -0.275192456], _quadratic.Weights);
    }

    [Fact]
    public void Looksam_uses_the_orthogonal_part_again_where_it_makes_one_pass()
    {
        using var optimizer = optim.SGD([_quadratic.W], 0.0).WithSharpnessAwareness(Recipe.LookSam(k: 2, rho: 0.1));
        optimizer.Step(_quadratic.Backward).Dispose();
        Close.To(Perturbed, _quadratic.FinalGradient);
        optimizer.Step(_quadratic.Backward).Dispose();
        Assert.Equal(3, _quadratic.Points.Count);
        Close.To([0.8, -2.05], _quadratic.FinalGradient);
        optimizer.Step(_quadratic.Backward).Dispose();
        Assert.Equal(5, _quadratic.Points.Count);
        Close.To(Perturbed, _quadratic.FinalGradient);
    }

    [Fact]
    public void Decoupled_sharpness_acts_after_the_step_with_the_rate_of_that_step()
    {
        using var optimizer = optim.SGD([_quadratic.W], 0.5).WithSharpnessAwareness(Recipe.Wsam(rho: 0.1, gamma: 0.75));
        foreach (var group in optimizer.ParamGroups) group.LearningRate = 0.1;
        optimizer.Step(_quadratic.Backward).Dispose();
        Close.To(Gradient, _quadratic.FinalGradient);
        // w - lr (g + 3 (g+ - g))
        Close.To([1 - (0.1 * (1.5 + (3 * 0.110940039))), -0.5 - (0.1 * (-1 - (3 * 0.138675049)))], _quadratic.Weights);
    }

    [Fact]
    public void Decoupled_sharpness_without_weight_is_the_base_bit_for_bit()
    {
        var plain = new Quadratic();
        using var baseOptimizer = optim.AdamW([plain.W], 0.1);
        plain.Backward().Dispose();
        baseOptimizer.step();
        using var optimizer = optim.AdamW([_quadratic.W], 0.1).WithSharpnessAwareness(Recipe.Wsam(rho: 0.1, gamma: 0));
        optimizer.Step(_quadratic.Backward).Dispose();
        Close.Bits(plain.W, _quadratic.W);
    }

    /// <summary>|g| and |g+| are below 2: nothing is clipped, and nothing grows to 100 either.</summary>
    [Theory]
    [InlineData(2.5)]
    [InlineData(100)]
    public void Clipping_leaves_small_gradients_alone(double norm)
    {
        double[] After(GradientClipping? clipping)
        {
            var quadratic = new Quadratic();
            using var optimizer = optim.SGD([quadratic.W], 0.1)
                .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = new WeightedGradient(0.5, clipping) });
            optimizer.Step(quadratic.Backward).Dispose();
            return quadratic.Weights;
        }
        Close.To(After(null), After(new GradientClipping(norm)), 1e-15);
    }

    [Fact]
    public void Clipping_tells_the_authors_from_the_other_implementation()
    {
        // Both norms are above 1, so that clipping makes them 1 (up to the 1e-6 added to the norm).
        double[] Unit(double[] v) => v.Select(x => x / (Math.Sqrt((v[0] * v[0]) + (v[1] * v[1])) + 1e-6)).ToArray();
        double[] Final(bool perturbedOnly)
        {
            var quadratic = new Quadratic();
            using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
            {
                Rho = 0.1,
                Combiner = new WeightedGradient(2, new GradientClipping(1, perturbedOnly)),
            });
            optimizer.Step(quadratic.Backward).Dispose();
            return quadratic.FinalGradient;
        }

        var (g, p) = (Unit(Gradient), Unit(Perturbed));
        Close.To([(2 * p[0]) - g[0], (2 * p[1]) - g[1]], Final(perturbedOnly: false));
        Close.To([(2 * p[0]) - Gradient[0], (2 * p[1]) - Gradient[1]], Final(perturbedOnly: true));
    }

    [Fact]
    public void Gsams_radius_follows_the_learning_rate()
    {
        using var optimizer = optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(Recipe.Gsam(rho: 0.5, rhoMin: 0.1));
        double RadiusAt(double rate)
        {
            foreach (var group in optimizer.ParamGroups) group.LearningRate = rate;
            optimizer.Step(_quadratic.Backward).Dispose();
            return optimizer.LastStep.Radius;
        }

        Assert.Equal(0.5, RadiusAt(0.1), 12);
        Assert.Equal(0.3, RadiusAt(0.05), 12);
        Assert.Equal(0.1, RadiusAt(0), 12);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.0)]
    [InlineData(double.NaN)]
    public void Gamma_lies_below_one(double gamma)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecoupledSharpness(gamma));
        Assert.Throws<ArgumentOutOfRangeException>(() => WeightedGradient.OfGamma(gamma));
    }

    [Fact]
    public void Arguments_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SurrogateGap(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightedGradient(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GradientClipping(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RescaledGradient(Kappa: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CurvatureRegularized(Gamma: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RememberedSharpness(Alpha: double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.LookSam(k: 0));
    }
}
