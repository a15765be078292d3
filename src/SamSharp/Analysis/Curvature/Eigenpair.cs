namespace SamSharp.Analysis;

/// <summary>An eigenvalue of a Hessian with its eigenvector, as accurate as the residual says.</summary>
/// <param name="Value">The eigenvalue lambda.</param>
/// <param name="Vector">The eigenvector v, of norm 1, owned by the pair.</param>
/// <param name="Residual">||H v - lambda v||; some eigenvalue is at most this far from <paramref name="Value"/>.</param>
/// <param name="Iterations">The number of products with the Hessian.</param>
public sealed record Eigenpair(double Value, WeightVector Vector, double Residual, int Iterations) : IDisposable
{
    /// <summary>The eigenvector v, of norm 1, owned by the pair.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public WeightVector Vector { get; init => field = Check.Given(value, nameof(Vector)); } = Check.Given(Vector);

    /// <summary>Frees the vector.</summary>
    public void Dispose() => Vector.Dispose();
}
