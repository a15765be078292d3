namespace SamSharp.Analysis;

/// <summary>
/// Eigenpairs of a Hessian by repeated multiplication, with two vectors of memory. It ends after a given number of products, or when the
/// relative change of lambda is below the tolerance (the conventions of PyHessian; Yao, Gholami, Keutzer, Mahoney, 2020).
/// </summary>
/// <remarks>It finds the largest magnitude, whatever its sign, and does not converge if two eigenvalues of opposite sign have the
/// same magnitude; check the residual.</remarks>
internal sealed class PowerIteration
{
    /// <summary>The largest number of products per eigenpair. Default 100.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxIterations { get; init => field = Check.Positive(value); } = 100;

    /// <summary>The relative change of lambda that ends the iteration. Default 1e-3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Tolerance { get; init => field = Check.NonNegative(value); } = 1e-3;

    /// <summary>Seed of the start. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>The eigenpairs of largest magnitude, in the order found: each is sought orthogonal to the previous ones.</summary>
    /// <param name="hessian">The matrix.</param>
    /// <param name="count">The number of eigenpairs, from 1 to the number of weights.</param>
    /// <returns>The result, which the caller disposes.</returns>
    public IReadOnlyList<Eigenpair> Top(Hessian hessian, int count = 1)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Check.Positive(count), hessian.Surface.Dimension, nameof(count));
        using var random = new RandomVectors(Seed);
        var found = new List<Eigenpair>();
        try
        {
            while (found.Count < count)
            {
                using var part = hessian.Surface.Watch.Begin(null, found.Count, count);
                found.Add(Iterate(hessian, random, 0, found));
            }
            return found;
        }
        catch
        {
            found.ForEach(pair => pair.Dispose());
            throw;
        }
    }

    /// <summary>The eigenpair of the largest eigenvalue, lambda_max.</summary>
    /// <returns>The result, which the caller disposes.</returns>
    public Eigenpair Largest(Hessian hessian) => Extreme(hessian, 1);

    /// <summary>The eigenpair of the smallest eigenvalue, negative where the loss bends down.</summary>
    /// <returns>The result, which the caller disposes.</returns>
    public Eigenpair Smallest(Hessian hessian) => Extreme(hessian, -1);

    /// <summary>If the largest magnitude has the other sign, runs again on H + |lambda| I, or H - |lambda| I, whose
    /// largest magnitude is the requested end.</summary>
    private Eigenpair Extreme(Hessian hessian, int sign)
    {
        var top = Top(hessian)[0];
        if (Math.Sign(top.Value) != -sign) return top;
        using (top)
        {
            using var random = new RandomVectors(Seed);
            var other = Iterate(hessian, random, sign * Math.Abs(top.Value), []);
            return other with { Iterations = other.Iterations + top.Iterations };
        }
    }

    private Eigenpair Iterate(Hessian hessian, RandomVectors random, double shift, IReadOnlyList<Eigenpair> before)
    {
        var vector = Normalize(Orthogonalize(random.Normal(hessian.Surface), before));
        WeightVector? product = null;
        try
        {
            var (value, residual, iterations) = (double.NaN, double.NaN, 0);
            while (true)
            {
                product = hessian.Apply(vector);
                var last = value;
                value = vector.Dot(product);
                iterations++;
                using (var rest = product.Clone().Add(vector, -value)) residual = rest.Norm();
                var isLast = iterations == MaxIterations || Math.Abs(value - last) <= Tolerance * Math.Abs(value + shift) || residual == 0;
                hessian.Surface.Watch.Report(isLast ? MaxIterations : iterations, MaxIterations);
                if (isLast) break;
                Orthogonalize(product.Add(vector, shift), before);
                vector.Dispose();
                vector = Normalize(product);
                product = null;
            }
            return new(value, vector, residual, iterations);
        }
        catch
        {
            vector.Dispose();
            throw;
        }
        finally
        {
            product?.Dispose();
        }
    }

    private static WeightVector Orthogonalize(WeightVector vector, IReadOnlyList<Eigenpair> before)
    {
        foreach (var pair in before) vector.Add(pair.Vector, -vector.Dot(pair.Vector));
        return vector;
    }

    private static WeightVector Normalize(WeightVector vector) => vector.Scale(1 / vector.Norm());
}
