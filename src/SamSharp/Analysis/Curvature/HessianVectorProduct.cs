namespace SamSharp.Analysis;

/// <summary>How the product of the Hessian with a vector is computed.</summary>
public enum HessianVectorProduct
{
    /// <summary>Exact; by finite differences if libtorch has no second derivative for some operator of the loss.</summary>
    Automatic,

    /// <summary>By differentiating the gradient along the vector (Pearlmutter, "Fast Exact Multiplication by the Hessian", 1994).</summary>
    Exact,

    /// <summary>(gradient at w + t v - gradient at w - t v) / 2t: two gradients, without a graph of second order.</summary>
    FiniteDifference,
}
