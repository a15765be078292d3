using System.Numerics;
using System.Runtime.CompilerServices;
using SamSharp.Kernels.Vectorized;

namespace SamSharp.Optimizers;

/// <summary>The numbers of gradient descent with momentum that the elements share, computed in double, once.</summary>
internal readonly struct SgdNumbers<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <param name="options">A group's options.</param>
    /// <param name="first">Whether the momentum buffers begin with this step.</param>
    public SgdNumbers(FusedSGD.Options options, bool first)
    {
        (Sign, Penalty) = (T.CreateTruncating(options.Maximize!.Value ? -1.0 : 1.0), T.CreateTruncating(options.WeightDecay!.Value));
        Momentum = T.CreateTruncating(first ? 0 : options.Momentum!.Value);
        Rest = T.CreateTruncating(first ? 1 : 1 - options.Dampening!.Value);
        (Ahead, Rate) = (T.CreateTruncating(options.Momentum!.Value), T.CreateTruncating(options.LearningRate!.Value));
        Nesterov = options.Nesterov!.Value;
    }

    public T Sign { get; }

    public T Penalty { get; }

    public T Momentum { get; }

    public T Rest { get; }

    public T Ahead { get; }

    public T Rate { get; }

    public bool Nesterov { get; }
}

/// <summary>The step of gradient descent with momentum.</summary>
/// <param name="numbers">What the elements share.</param>
/// <param name="momentum">The momentum buffers, or null for none.</param>
internal readonly unsafe struct SgdStep<T>(SgdNumbers<T> numbers, T* momentum) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister gradients, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var change = (TRegister.All(numbers.Sign) * gradients) + (TRegister.All(numbers.Penalty) * weights);
        if (momentum != null)
        {
            var buffer = (TRegister.All(numbers.Momentum) * TRegister.Load(momentum + at)) + (TRegister.All(numbers.Rest) * change);
            buffer.Store(momentum + at);
            change = numbers.Nesterov ? change + (TRegister.All(numbers.Ahead) * buffer) : buffer;
        }
        return weights - (TRegister.All(numbers.Rate) * change);
    }
}
