using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>A geometry around another one; everything that a derived record does not override passes through.</summary>
/// <param name="Wrapped">The inner geometry.</param>
public abstract record GeometryDecorator(IGeometry Wrapped) : IGeometry
{
    /// <summary>The inner geometry.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IGeometry Wrapped { get; init => field = Check.Given(value, nameof(Wrapped)); } = Check.Given(Wrapped);

    /// <inheritdoc/>
    public virtual IEnumerable<IStepPart> Inner => [Wrapped];

    /// <inheritdoc/>
    public virtual Tensor Norm(Ascent ascent) => Wrapped.Norm(ascent);

    /// <inheritdoc/>
    public virtual void Perturb(Ascent ascent, Tensor norm) => Wrapped.Perturb(ascent, norm);

    /// <inheritdoc/>
    public virtual int Treatment(ParameterSlot parameter) => Wrapped.Treatment(parameter);

    /// <inheritdoc/>
    public virtual bool Perturbs(ParameterSlot parameter) => Wrapped.Perturbs(parameter);
}
