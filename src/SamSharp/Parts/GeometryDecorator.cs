using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>A geometry around another, which it leaves as it is but for what a derived class overrides.</summary>
/// <param name="inner">The geometry within.</param>
public abstract class GeometryDecorator(IGeometry inner) : IGeometry, IDisposable
{
    /// <summary>The geometry within.</summary>
    protected IGeometry Inner { get; } = inner ?? throw new ArgumentNullException(nameof(inner));

    /// <inheritdoc/>
    public virtual Tensor Norm(Ascent ascent) => Inner.Norm(ascent);

    /// <inheritdoc/>
    public virtual void Perturb(Ascent ascent, Tensor norm) => Inner.Perturb(ascent, norm);

    /// <inheritdoc/>
    public virtual int Treatment(ParameterSlot slot) => Inner.Treatment(slot);

    /// <inheritdoc/>
    public virtual bool Perturbs(ParameterSlot slot) => Inner.Perturbs(slot);

    /// <inheritdoc/>
    public virtual string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => Inner.Objection(options, baseOptimizer);

    /// <inheritdoc/>
    public virtual void Exchange(PartState state) => Inner.Exchange(state);

    /// <summary>Frees what the geometry keeps, and the one within. The optimizer does this itself.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the geometry keeps.</summary>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing) => (Inner as IDisposable)?.Dispose();
}
