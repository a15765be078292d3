using TorchSharp.Modules;

namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class FhbiTests
{
    [Fact]
    public void Directions_are_the_rule_s_for_three_particles()
    {
        double[] w = [0, 1, 3], g = [2, 3, -1];
        // Squared distances 0, 0, 0, 1, 1, 4, 4, 9, 9: the median is 1.
        var width = 1e-8 + (1 / Math.Log(4));
        var expected = Enumerable.Range(0, 3).Select(i => Enumerable.Range(0, 3).Average(j =>
        {
            var kernel = Math.Exp(-Math.Pow(w[i] - w[j], 2) / width);
            return (-kernel * g[j]) + (kernel * 2 * (w[i] - w[j]) / width);
        }));
        var actual = Fhbi.Directions(tensor(w, [3, 1]), tensor(g, [3, 1]), repulsion: 1).ReadAll<double>();
        foreach (var (wanted, found) in expected.Zip(actual)) Assert.Equal(wanted, found, 1e-12);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(-2, false)]
    public void SVGD_s_sign_moves_particles_apart_and_the_code_s_together(double repulsion, bool apart)
    {
        Parameter[][] particles = [.. Enumerable.Range(0, 4).Select(i => SmallNetwork.Create(2, 3, 2, (ulong)i))];
        Func<Tensor>[] losses = [.. particles.Select(particle => (Func<Tensor>)(() =>
            particle.Select(weight => weight.sum()).Aggregate((sum, one) => sum.Plus(one)).Times(1e-12)))];
        var before = Fhbi.Distance(particles);
        Fhbi.Step(particles, losses, rate: 0.1, rho: 0, repulsion);
        Assert.Equal(apart, Fhbi.Distance(particles) > before);
    }

    /// <summary>One tensor, so that its own norm is the whole one.</summary>
    [Fact]
    public void One_particle_is_SAM()
    {
        var (alone, wrapped) = (new Parameter(tensor(new[] { 1.0, -0.5 })), new Parameter(tensor(new[] { 1.0, -0.5 })));
        Func<Tensor> Loss(Parameter weight) => () => weight.mul(tensor(new[] { 1.0, 3.0 })).mul(weight).sum().exp();
        Fhbi.Step([[alone]], [Loss(alone)], rate: 0.01, rho: 0.1);
        using var optimizer = optim.SGD([wrapped], 0.01).WithSharpnessAwareness(rho: 0.1);
        optimizer.Step(() =>
        {
            var loss = Loss(wrapped)();
            loss.backward();
            return loss;
        });
        Assert.True(alone.allclose(wrapped, rtol: 1e-10));
    }

    /// <summary>Gradients are taken at w + rho g/|g| and the weights come back: w^2 at 1 with rho 0.5 has the slope 3 instead of 2.</summary>
    [Fact]
    public void Each_particle_climbs_first()
    {
        var weight = new Parameter(ones(1, float64));
        Fhbi.Step([[weight]], [() => weight.Squared().sum()], rate: 0.1, rho: 0.5);
        Assert.Equal(0.7, weight.ReadDouble(), 1e-12);
    }
}
