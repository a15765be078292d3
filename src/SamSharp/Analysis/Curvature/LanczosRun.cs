using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>What the Lanczos process found: Ritz values, which are eigenvalues of the Hessian on the space
/// it has explored, in ascending order.</summary>
internal sealed class LanczosRun : IDisposable
{
    private readonly IReadOnlyList<WeightVector> _basis;
    private readonly double[][] _components;

    internal LanczosRun(IReadOnlyList<WeightVector> basis, IReadOnlyList<double> diagonal, IReadOnlyList<double> below)
    {
        _basis = basis;
        var k = diagonal.Count;
        using var scope = NewDisposeScope();
        var off = tensor(below.Take(k - 1).ToArray(), dtype: ScalarType.Float64);
        var (values, vectors) = linalg.eigh(diag(tensor(diagonal.ToArray(), dtype: ScalarType.Float64)).Plus(diag(off, 1)).Plus(diag(off, -1)));
        Values = values.data<double>().ToArray();
        _components = [.. Enumerable.Range(0, k).Select(j => vectors.select(1, j).contiguous().data<double>().ToArray())];
        Weights = Array.ConvertAll(_components, column => column[0] * column[0]);
        Residuals = Array.ConvertAll(_components, column => Math.Abs(below[^1] * column[^1]));
    }

    /// <summary>The Ritz values, ascending. The first and the last are within their residuals of eigenvalues, and converge first.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>The weight of each Ritz value in the quadrature: the squared component of the start along
    /// its Ritz vector; the weights sum to 1.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>||H v - lambda v|| of each Ritz pair, up to rounding.</summary>
    public IReadOnlyList<double> Residuals { get; }

    /// <summary>A Ritz pair with its vector.</summary>
    /// <param name="index">From 0 for the smallest; ^1 is the largest.</param>
    /// <returns>The result, which the caller disposes.</returns>
    public Eigenpair Pair(Index index)
    {
        var i = index.GetOffset(Values.Count);
        var column = _components[i];
        var vector = _basis[0].Clone().Scale(column[0]);
        for (var j = 1; j < column.Length; j++) vector.Add(_basis[j], column[j]);
        return new(Values[i], vector, Residuals[i], Values.Count);
    }

    /// <summary>Frees the basis.</summary>
    public void Dispose()
    {
        foreach (var vector in _basis) vector.Dispose();
    }
}
