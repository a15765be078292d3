using System.Numerics;
using System.Runtime.CompilerServices;
using SamSharp.Kernels.Vectorized;

namespace SamSharp.Optimizers;

/// <summary>The numbers of Adam and AdamW that the elements share, computed in double, once.</summary>
internal readonly struct AdamNumbers<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <param name="options">A group's options.</param>
    /// <param name="step">The parameters' own step t = 1, 2, ...</param>
    /// <param name="decoupled">Whether weights decay separately from the gradient (AdamW) instead of as a part of it.</param>
    public AdamNumbers(AdamOptions options, long step, bool decoupled)
    {
        double rate = options.LearningRate!.Value, beta1 = options.Beta1!.Value, beta2 = options.Beta2!.Value, decay = options.WeightDecay!.Value;
        Sign = T.CreateTruncating(options.Maximize!.Value ? -1.0 : 1.0);
        (Penalty, Keep) = (T.CreateTruncating(decoupled ? 0 : decay), T.CreateTruncating(decoupled ? 1 - (rate * decay) : 1));
        (Beta1, Rest1) = (T.CreateTruncating(beta1), T.CreateTruncating(1 - beta1));
        (Beta2, Rest2) = (T.CreateTruncating(beta2), T.CreateTruncating(1 - beta2));
        Rate = T.CreateTruncating(rate / (1 - Math.Pow(beta1, step)));
        InverseRoot = T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        Epsilon = T.CreateTruncating(options.Epsilon!.Value);
    }

    public T Sign { get; }

    public T Penalty { get; }

    public T Keep { get; }

    public T Beta1 { get; }

    public T Rest1 { get; }

    public T Beta2 { get; }

    public T Rest2 { get; }

    public T Rate { get; }

    public T InverseRoot { get; }

    public T Epsilon { get; }
}

/// <summary>The step of Adam and AdamW.</summary>
/// <param name="numbers">What the elements share.</param>
/// <param name="m">First moments.</param>
/// <param name="v">Second moments.</param>
/// <param name="largest">The largest second moments, or null without AMSGrad.</param>
internal readonly unsafe struct AdamStep<T>(AdamNumbers<T> numbers, T* m, T* v, T* largest) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister gradients, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var gradient = (TRegister.All(numbers.Sign) * gradients) + (TRegister.All(numbers.Penalty) * weights);
        var first = (TRegister.All(numbers.Beta1) * TRegister.Load(m + at)) + (TRegister.All(numbers.Rest1) * gradient);
        var second = (TRegister.All(numbers.Beta2) * TRegister.Load(v + at)) + (TRegister.All(numbers.Rest2) * (gradient * gradient));
        first.Store(m + at);
        second.Store(v + at);
        if (largest != null) (second = TRegister.Max(TRegister.Load(largest + at), second)).Store(largest + at);
        var root = (TRegister.Sqrt(second) * TRegister.All(numbers.InverseRoot)) + TRegister.All(numbers.Epsilon);
        return (TRegister.All(numbers.Keep) * weights) - (TRegister.All(numbers.Rate) * first / root);
    }
}
