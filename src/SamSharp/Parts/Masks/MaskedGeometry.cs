using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Another geometry in which single weights stay: e = m * e_inner, with the norm of the whole direction, so that e is shorter than rho. It is the geometry of FSAM and Sparse SAM.
/// </summary>
/// <param name="inner">Gives norm and radius.</param>
/// <param name="mask">Which weights move.</param>
public sealed class MaskedGeometry(IGeometry inner, IElementMask mask) : GeometryDecorator(inner)
{
    private readonly IElementMask _mask = mask ?? throw new ArgumentNullException(nameof(mask));

    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        _mask.Prepare(ascent);
        var norm = Inner.Norm(ascent);
        foreach (var list in ascent.Lists) list.Direction = list.Direction.Zip(_mask.MaskOf(list), (d, m) => d.mul(m)).ToArray();
        return norm;
    }

    /// <inheritdoc/>
    public override void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        base.Perturb(ascent, norm);
        _mask.Review(ascent);
    }

    /// <inheritdoc/>
    public override string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) =>
        base.Objection(options, baseOptimizer) ?? _mask.Objection(options, baseOptimizer);

    /// <inheritdoc/>
    public override void Exchange(PartState state)
    {
        base.Exchange(state);
        _mask.Exchange(state);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        (_mask as IDisposable)?.Dispose();
        base.Dispose(disposing);
    }
}
