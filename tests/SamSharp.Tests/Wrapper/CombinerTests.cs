using SamSharp.Combiners;
using SamSharp.Parameters;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>A combiner of the user's own gets both gradients and decides what the base optimizer sees.</summary>
public class CombinerTests
{
    [Fact]
    public void Both_gradients_reach_the_combiner()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Combiner = new Mean() });
        for (var t = 0; t < 2; t++)
        {
            using (no_grad()) quadratic.W.copy_(tensor(new[] { 1, -0.5 }));
            optimizer.Step(quadratic.Backward).Dispose();
            Close.To([(1.5 + 1.610940039) / 2, (-1 - 1.138675049) / 2], quadratic.FinalGradient);
        }
    }

    private sealed class Mean : ICombiner
    {
        public bool NeedsAscentGradients => true;

        public void Combine(IReadOnlyList<TensorList> lists)
        {
            using var noGradient = no_grad();
            foreach (var list in lists)
            {
                foreach (var (final, ascent) in list.Gradients.Zip(list.AscentGradients)) final.add_(ascent!).div_(2);
            }
        }
    }
}
