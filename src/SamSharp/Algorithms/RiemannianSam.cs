using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Riemannian SAM for matrices with orthonormal columns: every point of a step stays on the Stiefel manifold; see
    /// <see cref="StiefelMatrices"/>. It is built from the principle of Truong et al. ("RSAM: Learning on Manifolds with Riemannian Sharpness-aware
    /// Minimization", 2023): ascent in the tangent space, retraction, gradient transported back. Metric, retraction and transport are the usual ones
    /// and our choice; those of the authors are not known to us.</summary>
    /// <param name="isOrthonormal">Which parameters are such matrices, or their transposes: of the two sides the shorter one is orthonormal, as
    /// <c>nn.init.orthogonal_</c> makes it. The others are perturbed as by <see cref="Sam"/>, with one norm for all.</param>
    /// <param name="rho">The radius. Default 0.05 (as for <see cref="Sam"/>).</param>
    /// <remarks>The base optimizer's step is taken in the surrounding space, and ends with a retraction. Set its weight decay to 0 for these
    /// matrices: it would only change the length of the step. A QR decomposition of each matrix is made twice a step.</remarks>
    [Published("Riemannian SAM, RSAM", "after Truong et al. 2023", "1", "2")]
    public static SharpnessAwareOptions RiemannianSam(Func<ParameterSlot, bool> isOrthonormal, double rho = 0.05)
    {
        var matrices = new StiefelMatrices(isOrthonormal);
        return new() { Rho = rho, Geometry = matrices, Combiner = matrices };
    }
}

/// <summary>
/// Keeps matrices W with W'W = I on the Stiefel manifold, with the metric of the surrounding space. As a geometry: e = rho P(d)/|P(d)|, and the
/// perturbed point is R(W + e). As a combiner: the gradient there is projected there, transported to W by another projection, and the base
/// optimizer's step is retracted.
/// </summary>
/// <remarks>P(d) = d - W (W'd + d'W)/2 projects on the tangent space at W, and R is the orthonormal factor of a QR decomposition whose triangular
/// factor has a positive diagonal. A matrix that is wider than high is treated by its transpose.</remarks>
/// <param name="IsOrthonormal">Which parameters are such matrices.</param>
[InDisposeScope]
internal sealed record StiefelMatrices(Func<ParameterSlot, bool> IsOrthonormal) : IGeometry, ICombiner, IActsAroundStep
{
    private const int OnManifold = 1;
    private const double NormFloor = 1e-12, Tolerance = 0.05;

    /// <summary>Which parameters are such matrices.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Func<ParameterSlot, bool> IsOrthonormal { get; init => field = Check.Given(value, nameof(IsOrthonormal)); } = Check.Given(IsOrthonormal);

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public int Treatment(ParameterSlot parameter)
    {
        if (!IsOrthonormal(parameter)) return 0;
        RequireOrthonormal(parameter);
        return OnManifold;
    }

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, optim.Optimizer baseOptimizer) => options.Combiner is StiefelMatrices
        ? null
        : "Matrices that climb on the Stiefel manifold would leave it in the base optimizer's step. " +
            "Use combiner and geometry of Recipe.RiemannianSam.";

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        foreach (var bucket in ascent.Buckets.Where(bucket => bucket.Treatment == OnManifold))
            bucket.Direction = [.. bucket.Weights.Zip(bucket.Direction, Tangent)];
        return ascent.Norm();
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets)
        {
            ascent.Perturb(bucket, norm, NormFloor);
            if (bucket.Treatment == OnManifold) ReplaceAll(bucket.Results, Retracted);
        }
    }

    /// <inheritdoc/>
    public void Inspect(Descent descent) => Project(descent, bucket => bucket.AtPerturbed);

    /// <inheritdoc/>
    public void Combine(Descent descent) => Project(descent, bucket => bucket.AtPerturbed);

    /// <inheritdoc/>
    public void Plain(Descent descent) => Project(descent, bucket => bucket.AtWeights);

    /// <inheritdoc/>
    public void AfterStep(StepServices services, Tensor? isMade)
    {
        foreach (var slot in services.Table.Slots.Where(slot => slot.Final is not null && IsOrthonormal(slot)))
        {
            using var scope = NewDisposeScope();
            var weights = services.Base.WidestOf(slot);
            var retracted = Retracted(weights);
            if (isMade is not null) retracted = retracted.where(isMade.to(retracted.device).to_type(ScalarType.Bool), weights);
            weights.copy_(retracted);
        }
        services.Base.RoundMasters(services.Table.Slots);
    }

    /// <summary>Puts each gradient's part along the manifold in its place.</summary>
    private void Project(Descent descent, Func<ParameterBucket, Tensor[]> gradientsOf)
    {
        foreach (var bucket in descent.Buckets)
        {
            var gradients = gradientsOf(bucket);
            foreach (var i in Enumerable.Range(0, gradients.Length).Where(i => IsOrthonormal(bucket.Parameters[i])))
                ReplaceAll([gradients[i]], gradient => Tangent(bucket.Weights[i], gradient));
        }
    }

    private static void ReplaceAll(Tensor[] tensors, Func<Tensor, Tensor> other)
    {
        foreach (var one in tensors)
        {
            using var scope = NewDisposeScope();
            one.copy_(other(one));
        }
    }

    /// <summary>The part of a vector in the tangent space at w, in the type of w.</summary>
    private static Tensor Tangent(Tensor w, Tensor vector)
    {
        using var scope = NewDisposeScope();
        var (basis, tall) = (Tall(w), Tall(vector));
        var products = basis.t().mm(tall);
        var symmetric = products.Plus(products.t()).Times(0.5);
        var tangent = tall.sub(basis.mm(symmetric));
        return (IsWide(w) ? tangent.t() : tangent).to(w.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The orthonormal matrix nearest in the sense of a QR decomposition, in float32 or better.</summary>
    private static Tensor Retracted(Tensor w)
    {
        using var scope = NewDisposeScope();
        var (q, r) = linalg.qr(Tall(w));
        var signs = r.diagonal().IsAtLeast(0).to_type(q.dtype).Times(2).DecreaseBy(1);
        var oriented = q.mul(signs);
        return (IsWide(w) ? oriented.t() : oriented).MoveToOuterDisposeScope();
    }

    private static bool IsWide(Tensor matrix) => matrix.shape[0] < matrix.shape[1];

    private static Tensor Tall(Tensor matrix)
    {
        var wide = matrix.detach().to(ParameterBucket.AccumulatorOf(matrix.dtype));
        return IsWide(matrix) ? wide.t() : wide;
    }

    private static void RequireOrthonormal(ParameterSlot parameter)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var matrix = parameter.Parameter;
        if (matrix.dim() != 2) throw new ArgumentException($"{parameter.Describe()} is not a matrix, so it cannot be orthonormal.");
        var tall = Tall(matrix);
        var identity = eye(tall.shape[1], dtype: tall.dtype, device: tall.device);
        if (tall.t().mm(tall).sub(identity).abs().max().ReadDouble() is var error && !(error <= Tolerance))
        {
            throw new ArgumentException($"The shorter side of {parameter.Describe()} is not orthonormal: W'W differs from the " +
                $"identity by {error:g2}. Begin with nn.init.orthogonal_(weight).");
        }
    }
}
