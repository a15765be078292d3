using SamSharp.Analysis;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

[TensorScope]
public sealed class LandscapeTests : IDisposable
{
    private static readonly double[] Steps = LossSlice.Places(-0.5, 0.5, 5);
    private readonly Bowl _bowl = new();

    public void Dispose() => _bowl.Dispose();

    [Fact]
    public void Positions_are_even_and_hold_both_ends_and_the_middle() => Assert.Equal([-0.5, -0.25, 0, 0.25, 0.5], Steps);

    [Fact]
    public void A_slice_of_a_quadratic_is_its_taylor_polynomial()
    {
        using var surface = new LossSurface(_bowl, _bowl.Loss);
        using var direction = new WeightVector([tensor(new[] { 0.3, 2.0 })]);
        using var product = surface.HessianProduct(direction);
        var (loss, gradient) = surface.Gradient();
        var (slope, bend) = (gradient.Dot(direction), direction.Dot(product));
        gradient.Dispose();
        var slice = LossSlice.Measure(surface, direction, Steps);
        Close.To([.. Steps.Select(a => loss + (a * slope) + (a * a * bend / 2))], [.. slice.Losses], 1e-12);
    }

    [Fact]
    public void A_plane_moves_along_both_directions()
    {
        using var surface = new LossSurface(_bowl, _bowl.Loss);
        using var first = new WeightVector([tensor(new[] { 1.0, 0.0 })]);
        using var second = new WeightVector([tensor(new[] { 1.0, 1.0 })]);
        var plane = LossPlane.Measure(surface, first, second, Steps, [0, 2]);
        for (var i = 0; i < Steps.Length; i++) Close.To([_bowl.At(Steps[i], 0), _bowl.At(Steps[i] + 2, 2)], [.. plane.Losses[i]], 1e-12);
        Assert.Equal(Math.Sqrt(0.5), plane.Cosine, 12);
    }

    [Fact]
    public void Between_two_sets_of_weights_the_ends_are_theirs_whatever_the_model_s_are()
    {
        using var surface = new LossSurface(_bowl, _bowl.Loss);
        using var a = new WeightVector([tensor(new[] { 3.0, 1.0 })]);
        using var b = new WeightVector([tensor(new[] { -1.0, 2.0 })]);
        var slice = LossSlice.Between(surface, a, b, [0, 0.5, 1]);
        // L(w) = w1^2 + w1 w2 + 2 w2^2.
        Close.To([9 + 3 + 2, 1 + 1.5 + 4.5, 1 - 2 + 8], [.. slice.Losses], 1e-12);
        using var towards = SliceDirection.Towards(surface, b);
        Close.To([7], [LossSlice.Measure(surface, towards, [1]).Losses[0]], 1e-12);
    }

    [Fact]
    public void The_gradient_and_the_top_eigenvectors_are_unit_directions()
    {
        using var surface = new LossSurface(_bowl, _bowl.Loss);
        using var gradient = SliceDirection.Gradient(surface);
        Close.To(tensor(new[] { 1.5, -1 }).Over(Math.Sqrt(3.25)), gradient.Tensors[0]);
        var pairs = SliceDirection.TopEigenvectors(surface, 2);
        Close.To([3 + Math.Sqrt(2), 3 - Math.Sqrt(2)], [.. pairs.Select(pair => pair.Value)]);
        Assert.Equal(0, pairs[0].Vector.Cosine(pairs[1].Vector), 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => SliceDirection.TopEigenvectors(surface, 3));
        foreach (var pair in pairs) pair.Dispose();
    }

    [Fact]
    public void A_filter_normalized_direction_has_the_norm_of_each_filter_and_no_biases()
    {
        using var model = nn.Sequential(("conv", nn.Conv2d(3, 4, 2)), ("linear", nn.Linear(6, 5)));
        using var surface = new LossSurface(model, () => model.parameters().Select(p => p.Squared().sum()).Aggregate((a, b) => a.Plus(b)));
        using var direction = SliceDirection.FilterNormalized(surface, seed: 1);
        using var other = SliceDirection.FilterNormalized(surface, seed: 2);
        using var weights = surface.Weights();
        for (var i = 0; i < surface.Names.Count; i++)
        {
            var (d, w) = (direction.Tensors[i], weights.Tensors[i]);
            if (w.dim() < 2)
                Assert.Equal(0, d.abs().sum().item<float>());
            else
                Close.To(w.flatten(1).norm(1), d.flatten(1).norm(1), 1e-6);
        }
        Assert.InRange(Math.Abs(direction.Cosine(other)), 0, 0.5);
    }
}
