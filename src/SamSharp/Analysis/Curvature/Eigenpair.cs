namespace SamSharp.Analysis;

/// <summary>An eigenvalue of a Hessian with its eigenvector, up to what the residual says.</summary>
/// <param name="Value">lambda.</param>
/// <param name="Vector">v, of norm 1, owned by the pair.</param>
/// <param name="Residual">||H v - lambda v||; some eigenvalue is at most so far from <paramref name="Value"/>.</param>
/// <param name="Iterations">Products with the Hessian that it took.</param>
public sealed record Eigenpair(double Value, WeightVector Vector, double Residual, int Iterations) : IDisposable
{
    /// <summary>Frees the vector.</summary>
    public void Dispose() => Vector.Dispose();
}
