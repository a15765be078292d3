namespace SamSharp.Analysis;

/// <summary>Directions for slices and planes. The caller disposes each.</summary>
public static class SliceDirection
{
    /// <summary>
    /// A random normal direction in which each filter has the norm of the same filter of the weights, so that slices of different networks
    /// are comparable (Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets", 2018). A filter is a row along the
    /// first dimension. Parameters with fewer than two dimensions, such as biases and normalization scales, do not move.
    /// </summary>
    /// <param name="surface">The loss.</param>
    /// <param name="seed">Seed of the direction; another seed gives an independent direction. Default 0.</param>
    public static WeightVector FilterNormalized(LossSurface surface, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var random = new RandomVectors(seed);
        using var weights = surface.Weights();
        return random.Normal(surface).Each((direction, i) =>
        {
            if (direction.dim() < 2 || direction.NumberOfElements == 0)
                direction.zero_();
            else
                direction.mul_(Filters.Norms(weights.Tensors[i]).div(Filters.Norms(direction)));
        });
    }

    /// <summary>The gradient at w, scaled to norm 1; 0 if the gradient is 0.</summary>
    public static WeightVector Gradient(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        return new Ball(1).Steepest(surface.Gradient().Gradient);
    }

    /// <summary>The eigenvectors of the Hessian's largest eigenvalues, of norm 1, by the Lanczos process.</summary>
    /// <param name="surface">The loss.</param>
    /// <param name="count">The number of eigenvectors, from the largest eigenvalue down. Default 1.</param>
    /// <param name="steps">Products with the Hessian, at least <paramref name="count"/>. Default 20.</param>
    /// <param name="seed">Seed of the start. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">count exceeds the number of steps or weights.</exception>
    public static IReadOnlyList<Eigenpair> TopEigenvectors(LossSurface surface, int count = 1, int steps = 20, ulong seed = 0)
    {
        using var hessian = new Hessian(surface);
        using var part = surface.Watch.Begin("eigenvectors of H");
        using var run = new Lanczos { Steps = steps, Seed = seed }.Run(hessian);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Check.Positive(count), run.Values.Count, nameof(count));
        return [.. Enumerable.Range(1, count).Select(i => run.Pair(^i))];
    }

    /// <summary>The direction from the model's weights, at position 0, to other weights, at position 1.</summary>
    /// <param name="surface">The loss.</param>
    /// <param name="weights">The other weights, as <see cref="LossSurface.Weights"/> gives them when a model has them.</param>
    public static WeightVector Towards(LossSurface surface, WeightVector weights)
    {
        ArgumentNullException.ThrowIfNull(surface);
        ArgumentNullException.ThrowIfNull(weights);
        using var origin = surface.Weights();
        return weights.Clone().Add(origin, -1);
    }
}
