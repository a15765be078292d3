using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>Parts of the user's own in the roles of the step.</summary>
[TensorScope]
public class RoleTests
{
    [Fact]
    public void A_direction_decides_where_the_ascent_goes()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Direction = new Downhill() });
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1 - 0.083205029, -0.5 + 0.055470020], quadratic.Points[1]);
    }

    [Theory]
    [InlineData(1, new[] { (1.5 + 1.610940039) / 2, (-1 - 1.138675049) / 2 })]
    [InlineData(2, new[] { (1.5 + 1.716539537) / 2, (-1 - 1.287896845) / 2 })]
    public void A_combiner_gets_the_gradient_at_the_weights_and_the_one_at_the_last_ascent(int ascents, double[] expected)
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = 0.1,
            AscentSteps = ascents,
            Combiner = new Mean(),
        });
        for (var t = 0; t < 2; t++)
        {
            using (no_grad()) quadratic.W.copy_(tensor(new[] { 1, -0.5 }));
            optimizer.Step(quadratic.Backward).Dispose();
            Close.To(expected, quadratic.FinalGradient, 1e-6);
        }
    }

    private sealed class Downhill : IDirection
    {
        public void Aim(Ascent ascent)
        {
            foreach (var list in ascent.Buckets) list.Direction = Array.ConvertAll(list.AtWeights, gradient => gradient.neg());
        }
    }

    private sealed class Mean : ICombiner
    {
        public bool NeedsAscentGradients => true;

        public void Combine(Descent descent)
        {
            foreach (var pair in descent.Pairs)
            {
                foreach (var (final, first) in pair.AtPerturbed.Zip(pair.AtWeights)) final.IncreaseBy(first).DivideBy(2);
            }
        }
    }
}
