using SamSharp.Analysis;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Eigen-SAM's direction, the gradient's with a share of the Hessian's top eigenvector v: d = g' + alpha sign(g'v) (v - (v'g') g'), g' = g / ||g||, sign(0) = 1
/// (Luo et al., "Explicit Eigenvalue Regularization Improves Sharpness-Aware Minimization", 2024; RitianLuo/EigenSAM).
/// </summary>
/// <remarks>
/// <para>Use it with <see cref="RawGeometry"/>, which leaves the length sqrt(1 + alpha^2 ||v - (v'g') g'||^2) as it is; others normalise it. alpha = 0, or v along g, is SAM.
/// In ascents k, 2k, ... v is estimated anew, from where it was: products with the Hessian at w of a loss that is given for this, in evaluation mode, over the parameters that have a
/// gradient in that step. This reads a value from the device for each product. Before the first estimate the direction is g', as the paper has it; the authors' code does not normalise it.</para>
/// <para>v, one copy of the perturbed parameters, and the count are kept in checkpoints. An estimate makes a copy of the weights for a while.</para>
/// </remarks>
public sealed class EigenvectorDirection : IDirection, IDisposable
{
    private readonly SlotTensors _vector = new();
    private readonly nn.Module _model;
    private readonly Func<Tensor> _loss;
    private readonly double _alpha;
    private readonly int _interval, _iterations;
    private long _ascents;

    /// <summary>A direction towards the eigenvector.</summary>
    /// <param name="model">The model, whose parameters the optimizer has.</param>
    /// <param name="loss">Computes the mean loss of the current batch, and does not call <c>backward()</c>; called <paramref name="iterations"/> times in an estimate.</param>
    /// <param name="alpha">The share of v. Default 0.2 (the authors' code).</param>
    /// <param name="interval">Ascents from one estimate to the next. Default 100 (the same).</param>
    /// <param name="iterations">Products with the Hessian in an estimate. Default 5 (the same).</param>
    /// <param name="products">How they are computed. Default: exactly where libtorch has the second derivatives, else by finite differences.</param>
    /// <exception cref="ArgumentOutOfRangeException">alpha is negative or not finite, or a number is less than 1.</exception>
    public EigenvectorDirection(nn.Module model, Func<Tensor> loss, double alpha = 0.2, int interval = 100, int iterations = 5, HessianVectorProduct products = HessianVectorProduct.Automatic)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        (_model, _loss, Products) = (model, loss, products);
        (_alpha, _interval, _iterations) = (Check.NonNegative(alpha), Check.Positive(interval), Check.Positive(iterations));
    }

    /// <summary>How products with the Hessian are computed; finite differences from the first time that exact ones were found impossible.</summary>
    public HessianVectorProduct Products { get; private set; }

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        if (++_ascents % _interval == 0) Estimate([.. ascent.Lists.SelectMany(list => list.Slots)]);
        var norm = ascent.GlobalNorm(list => ascent.Kernels.Norm(list.Gradients));
        var inverse = ascent.Kernels.Scale(norm, 1, 0);
        var vectors = _vector.IsEmpty ? [] : ascent.Lists.Select(list => _vector.Of(list.Slots)).ToArray();
        // 0 where g is 0, so that e is too.
        var share = inverse.gt(0).to_type(inverse.dtype) * _alpha;
        var cosine = zeros_like(inverse);
        if (vectors.Length > 0)
        {
            var number = 0;
            cosine = ascent.Sum(list => ascent.Kernels.Dot(list.Gradients, vectors[number++])).to(inverse.dtype, inverse.device) * inverse;
            share = where(cosine.ge(0), share, -share);
        }
        for (var i = 0; i < ascent.Lists.Count; i++)
        {
            var list = ascent.Lists[i];
            list.Direction = Array.ConvertAll(list.Gradients, gradient => gradient.mul(Pass.Factor(list, inverse * (1 - (share * cosine)))));
            if (vectors.Length > 0) ascent.Kernels.Mix(list.Direction, Pass.Factor(list, 1), vectors[i], Pass.Factor(list, share));
        }
    }

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _ascents = state.Count("ascents", _ascents);
        state.Tensors("eigenvector", _vector);
    }

    /// <summary>Frees the eigenvector.</summary>
    public void Dispose() => _vector.Dispose();

    /// <summary>Power iteration, from the last eigenvector or from a random vector. An estimate that is not finite, or of a Hessian of 0, changes nothing.</summary>
    private void Estimate(ParameterSlot[] slots)
    {
        var names = _model.named_parameters().DistinctBy(p => p.parameter.Handle).ToDictionary(p => p.parameter.Handle, p => p.name);
        var byName = slots.ToDictionary(slot => names.GetValueOrDefault(slot.Parameter.Handle) ??
            throw new InvalidOperationException($"{slot.Describe()} is not a parameter of the model that {nameof(EigenvectorDirection)} was given."));
        using var surface = new LossSurface(_model, _loss, include: byName.ContainsKey) { Products = Products };
        using var hessian = new Hessian(surface);
        var ordered = surface.Names.Select(name => byName[name]).ToArray();
        var vector = Start(surface, ordered);
        try
        {
            for (var i = 0; i < _iterations; i++)
            {
                var product = hessian.Apply(vector);
                vector.Dispose();
                vector = product;
                if (product.Norm() is var length && !(length > 0 && double.IsFinite(length))) return;
                product.Scale(1 / length);
            }
            foreach (var (slot, element) in ordered.Zip(vector.Tensors)) _vector.Put(slot, element.to(slot.Parameter.dtype, copy: true));
        }
        finally
        {
            vector.Dispose();
            Products = surface.Products;
        }
    }

    private WeightVector Start(LossSurface surface, ParameterSlot[] slots)
    {
        if (!_vector.IsEmpty) return new WeightVector(_vector.Of(slots));
        using var random = new RandomVectors(0);
        return random.Normal(surface);
    }
}
