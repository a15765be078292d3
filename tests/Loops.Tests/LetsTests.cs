using TorchSharp.Modules;

namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class LetsTests
{
    private const double Rate = 0.1, Rho = 0.1;

    /// <summary>Training loss w'Hw/2 with H = [[2, 1], [1, 4]], validation diag(3, 2), from (1, -0.5); numbers of a program that does not know this
    /// one.</summary>
    [Theory]
    [InlineData(true, -0.07645083378)]
    [InlineData(false, -0.1418502515)]
    public void The_derivative_by_the_radius_is_the_rule_s(bool exact, double expected) => Assert.Equal(expected, Slope(Rho, exact).Slope, 1e-10);

    [Fact]
    public void The_chain_rule_agrees_with_finite_differences()
    {
        const double h = 1e-5;
        var numeric = (HalfSquare(Rho + h) - HalfSquare(Rho - h)) / (2 * h);
        Assert.Equal(numeric, Slope(Rho, exact: true).Slope, 1e-8);

        static double HalfSquare(double rho)
        {
            var (_, weight) = Slope(rho, exact: true);
            var gap = Loss(weight, 3, 0, 2).sub(Loss(weight, 2, 1, 4)).ReadDouble();
            return gap * gap / 2;
        }
    }

    [Fact]
    public void The_weights_make_a_step_of_SAM()
    {
        var (_, weight) = Slope(Rho, exact: false);
        var sam = Start();
        using var optimizer = optim.SGD([sam], Rate).WithSharpnessAwareness(Rho);
        optimizer.Step(() =>
        {
            var loss = Loss(sam, 2, 1, 4);
            loss.backward();
            return loss;
        });
        Assert.True(sam.allclose(weight, rtol: 1e-12));
    }

    private static Parameter Start() => new(tensor(new[] { 1.0, -0.5 }));

    private static (double Slope, Parameter Weight) Slope(double rho, bool exact)
    {
        var weight = Start();
        return (Lets.Step([weight], () => Loss(weight, 2, 1, 4), () => Loss(weight, 3, 0, 2), Rate, rho, exact), weight);
    }

    /// <summary>w'Hw/2.</summary>
    private static Tensor Loss(Tensor w, double first, double mixed, double second) =>
        tensor(new[] { first, mixed, mixed, second }, [2, 2]).mv(w).dot(w).Times(0.5);
}
