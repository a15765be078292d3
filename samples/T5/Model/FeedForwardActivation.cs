namespace SamSharp.Samples.T5.Model;

/// <summary>The non-linearity inside a feed-forward layer.</summary>
public enum FeedForwardActivation
{
    /// <summary>max(x, 0), as in the first T5.</summary>
    Relu,

    /// <summary>x * Phi(x) with the exact normal distribution function.</summary>
    Gelu,

    /// <summary>0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), as in T5 v1.1, mT5 and byT5.</summary>
    GeluTanh,

    /// <summary>x * sigmoid(x).</summary>
    Silu,
}
