using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Masks the perturbation of another geometry: e = m * e_inner, with the norm of the whole direction, so that e is shorter than rho.
/// It is the geometry of FSAM and Sparse SAM.
/// </summary>
/// <param name="Wrapped">The geometry that gives norm and radius.</param>
/// <param name="Mask">Which weights move.</param>
public sealed record MaskedGeometry(IGeometry Wrapped, IElementMask Mask) : GeometryDecorator(Wrapped)
{
    /// <summary>Which weights move.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IElementMask Mask { get; init => field = Check.Given(value, nameof(Mask)); } = Check.Given(Mask);

    /// <inheritdoc/>
    public override IEnumerable<IStepPart> Inner => [Wrapped, Mask];

    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        Mask.Prepare(ascent);
        var norm = Wrapped.Norm(ascent);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = bucket.Direction.Zip(Mask.MaskOf(ascent, bucket), (d, m) => d.mul(m)).ToArray();
        return norm;
    }

    /// <inheritdoc/>
    public override void Perturb(Ascent ascent, Tensor norm)
    {
        base.Perturb(ascent, norm);
        Mask.Review(ascent);
    }
}
