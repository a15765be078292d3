namespace SamSharp.Benchmarks.Shapes;

/// <summary>The lists of parameters that updates are timed on.</summary>
public enum ShapeSet
{
    /// <summary>131 parameters, 60.5 million elements.</summary>
    T5Small,

    /// <summary>509 parameters, 738 million elements: 3 GB in float32, and as much again for gradients, buffers and each optimizer state.</summary>
    T5Large,

    /// <summary>10,000 parameters of 8 elements: the cost of a tensor, not of memory.</summary>
    Tiny,
}
