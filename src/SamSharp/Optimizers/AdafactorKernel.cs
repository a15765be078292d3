namespace SamSharp.Optimizers;

/// <summary>Implementations of Adafactor's update; all compute the same.</summary>
public enum AdafactorKernel
{
    /// <summary>Vectorized passes at memory bandwidth for float32 and float64 on the CPU, <see cref="MultiTensor"/> for everything else.</summary>
    Automatic,

    /// <summary>One compiled TorchScript function over the whole list of tensors: any device, any floating-point type.</summary>
    MultiTensor,

    /// <summary>One tensor at a time, one operation after the other: slow, and easy to compare with the formula.</summary>
    Reference,
}
