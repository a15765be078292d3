using SamSharp.Analysis;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Eigen-SAM (Luo et al. 2024); see <see cref="EigenvectorDirection"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="loss">Computes the mean loss of the current batch, and does not call <c>backward()</c>.</param>
    /// <param name="rho">The radius. Default 0.05 (RitianLuo/EigenSAM; its README uses 0.1).</param>
    /// <param name="alpha">The share of the eigenvector. Default 0.2 (the same code).</param>
    /// <param name="interval">Ascents from one estimate of the eigenvector to the next. Default 100 (the same code).</param>
    [Published("Eigen-SAM", "Luo et al. 2024", "1 and 5 Hessian products in f steps", "3 (more for the products)")]
    public static SharpnessAwareOptions EigenSam(nn.Module model, Func<Tensor> loss, double rho = 0.05, double alpha = 0.2, int interval = 100) =>
        new() { Rho = rho, Direction = new EigenvectorDirection(model, loss, alpha, interval), Geometry = new RawGeometry() };
}

/// <summary>
/// Eigen-SAM's direction, the gradient plus a share of the Hessian's top eigenvector v: d = g' + alpha sign(g'v) (v - (v'g') g'), g' = g /
/// |g|, sign(0) = 1 (Luo et al., "Explicit Eigenvalue Regularization Improves Sharpness-Aware Minimization", 2024; RitianLuo/EigenSAM).
/// </summary>
/// <remarks>
/// <para>Use it with <see cref="RawGeometry"/>, which keeps the length sqrt(1 + alpha^2 |v - (v'g') g'|^2); other geometries normalize it.
/// alpha = 0, or v along g, is SAM. Ascents k, 2k, ... estimate v again, starting from the last estimate: they multiply by the Hessian of the
/// given loss at w, in evaluation mode, over the parameters that have a gradient in that step, and read a value from the device for each
/// product. Before the first estimate the direction is g', as in the paper; the authors' code does not normalize it.</para>
/// <para>v and the count are saved in checkpoints. An estimate makes a temporary copy of the weights.</para>
/// </remarks>
/// <param name="Model">The model whose parameters are optimized.</param>
/// <param name="Loss">Computes the mean loss of the current batch, and does not call <c>backward()</c>; called
/// <paramref name="Iterations"/> times in an estimate.</param>
/// <param name="Alpha">The share of v, at least 0. Default 0.2 (the authors' code).</param>
/// <param name="Interval">Ascents from one estimate to the next. Default 100 (the same).</param>
/// <param name="Iterations">Products with the Hessian in an estimate. Default 5 (the same).</param>
/// <param name="Products">How the products are computed. Default: exactly where libtorch has the second
/// derivatives, else by finite differences.</param>
public sealed record EigenvectorDirection(nn.Module Model, Func<Tensor> Loss, double Alpha = 0.2, int Interval = 100, int Iterations = 5,
    HessianVectorProduct Products = HessianVectorProduct.Automatic) : IDirection
{
    private const string Vector = "eigenvector", Ascents = "ascents";

    /// <summary>The share of v, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Alpha { get; init => field = Check.NonNegative(value, nameof(Alpha)); } = Check.NonNegative(Alpha);

    /// <summary>Ascents from one estimate to the next, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Interval { get; init => field = Check.Positive(value, nameof(Interval)); } = Check.Positive(Interval);

    /// <summary>Products with the Hessian in an estimate, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or more than 1000.</exception>
    public int Iterations { get; init => field = Check.Passes(value, nameof(Iterations)); } = Check.Passes(Iterations);

    /// <summary>Replaces the random vector from which the first estimate starts; for tests.</summary>
    internal Func<ParameterSlot, Tensor>? First { get; init; }

    /// <summary>Replaces the rule that says in which steps to estimate; for tests.</summary>
    internal Func<long, bool>? IsDue { get; init; }

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var memory = ascent.MemoryOf(this);
        memory.Set(Ascents, memory.Number(Ascents) + 1);
        if (IsDue?.Invoke(ascent.Step) ?? memory.Number(Ascents) % Interval == 0)
            Estimate(memory, [.. ascent.Buckets.SelectMany(bucket => bucket.Parameters)]);
        var inverse = ascent.Inverse(ascent.GlobalNorm(bucket => ascent.Norm(bucket.AtWeights)));
        var isKnown = !memory.IsEmpty(Vector);
        // 0 where g is 0, so that e is 0 too.
        var share = inverse.IsGreaterThan(0).to_type(inverse.dtype).Times(Alpha);
        var cosine = zeros_like(inverse);
        if (isKnown)
        {
            cosine = ascent.Sum(bucket => ascent.Dot(bucket.AtWeights, memory.Of(Vector, bucket.Parameters)))
                .to(inverse.dtype, inverse.device).mul(inverse);
            share = where(cosine.IsAtLeast(0), share, share.neg());
        }
        foreach (var bucket in ascent.Buckets)
        {
            bucket.Direction = Array.ConvertAll(bucket.AtWeights, gradient => gradient.clone());
            ascent.Multiply(bucket.Direction, share.mul(cosine).SubtractedFrom(1).mul(inverse));
            if (isKnown) ascent.Mix(bucket.Direction, ones_like(share), memory.Of(Vector, bucket.Parameters), share);
        }
    }

    /// <summary>Runs power iteration from the last eigenvector or a random vector. An estimate that is not finite,
    /// or a Hessian of 0, changes nothing.</summary>
    private void Estimate(PartMemory memory, ParameterSlot[] parameters)
    {
        var names = Model.named_parameters().DistinctBy(p => p.parameter.Handle).ToDictionary(p => p.parameter.Handle, p => p.name);
        var byName = parameters.ToDictionary(parameter => names.GetValueOrDefault(parameter.Parameter.Handle) ??
            throw new InvalidOperationException(
                $"{parameter.Describe()} is not a parameter of the model that {nameof(EigenvectorDirection)} was given."));
        using var surface = new LossSurface(Model, Loss, include: byName.ContainsKey) { Products = Products };
        using var hessian = new Hessian(surface);
        var ordered = surface.Names.Select(name => byName[name]).ToArray();
        var vector = Start(memory, surface, ordered);
        try
        {
            for (var i = 0; i < Iterations; i++)
            {
                var product = hessian.Apply(vector);
                vector.Dispose();
                vector = product;
                if (product.Norm() is var length && !(length > 0 && double.IsFinite(length))) return;
                product.Scale(1 / length);
            }
            foreach (var (parameter, element) in ordered.Zip(vector.Tensors))
                memory.Put(Vector, parameter, element.to(parameter.Parameter.dtype, copy: true));
        }
        finally
        {
            vector.Dispose();
        }
    }

    private WeightVector Start(PartMemory memory, LossSurface surface, ParameterSlot[] parameters)
    {
        if (!memory.IsEmpty(Vector)) return new WeightVector(memory.Of(Vector, parameters));
        if (First is not null) return new WeightVector(Array.ConvertAll(parameters, slot => First(slot)));
        using var random = new RandomVectors(0);
        return random.Normal(surface);
    }
}
