using System.Numerics;
using System.Runtime.Intrinsics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>A function of a weight and the matching element of the other vector, for one pair and for a register of pairs.</summary>
internal interface ILanes<T> where T : unmanaged, INumber<T>
{
    T One(T weight, T vector);

    Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors);
}

/// <summary>v: a copy.</summary>
internal readonly struct Plain<T> : ILanes<T> where T : unmanaged, INumber<T>
{
    public T One(T weight, T vector) => vector;

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors) => vectors;
}

/// <summary>w v: what inner products, and norms of w = v, are sums of.</summary>
internal readonly struct Product<T> : ILanes<T> where T : unmanaged, INumber<T>
{
    public T One(T weight, T vector) => weight * vector;

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors) => weights * vectors;
}

/// <summary>((|w| + kappa) v)^2: what adaptive norms are sums of.</summary>
internal readonly struct ScaledSquare<T>(T kappa) : ILanes<T> where T : unmanaged, INumber<T>
{
    private readonly Vector256<T> _kappa = Vector256.Create(kappa);

    public T One(T weight, T vector)
    {
        var scaled = (T.Abs(weight) + kappa) * vector;
        return scaled * scaled;
    }

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors)
    {
        var scaled = (Vector256.Abs(weights) + _kappa) * vectors;
        return scaled * scaled;
    }
}

/// <summary>w + scale v.</summary>
internal readonly struct Step<T>(T scale) : ILanes<T> where T : unmanaged, INumber<T>
{
    private readonly Vector256<T> _scale = Vector256.Create(scale);

    public T One(T weight, T vector) => weight + (scale * vector);

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors) => weights + (_scale * vectors);
}

/// <summary>own w + other v.</summary>
internal readonly struct Blend<T>(T own, T other) : ILanes<T> where T : unmanaged, INumber<T>
{
    private readonly Vector256<T> _own = Vector256.Create(own);
    private readonly Vector256<T> _other = Vector256.Create(other);

    public T One(T weight, T vector) => (own * weight) + (other * vector);

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors) => (_own * weights) + (_other * vectors);
}

/// <summary>w + scale (|w| + kappa)^2 v, in an order in which nothing overflows or vanishes where the norm of the metric times v does not.</summary>
internal readonly struct AdaptiveStep<T>(T scale, T kappa) : ILanes<T> where T : unmanaged, INumber<T>
{
    private readonly Vector256<T> _scale = Vector256.Create(scale);
    private readonly Vector256<T> _kappa = Vector256.Create(kappa);

    public T One(T weight, T vector)
    {
        var metric = T.Abs(weight) + kappa;
        return weight + (scale * metric * (metric * vector));
    }

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors)
    {
        var metric = Vector256.Abs(weights) + _kappa;
        return weights + (_scale * metric * (metric * vectors));
    }
}
