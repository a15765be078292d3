using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>The update of one tensor in passes over blocks, which may run in parallel: its statistics, the size of the update, its weights.</summary>
internal abstract unsafe class TensorUpdate<T>(AdafactorSlot slot, AdafactorBatch batch) where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Elements of a block: large enough to be worth a thread's while, small enough to stay in its cache.</summary>
    protected const int BlockElements = 1 << 17;

    private readonly T* _weight = Pointer(slot.Weight);
    private readonly T* _gradient = Pointer(slot.Gradient.is_contiguous() ? slot.Gradient : slot.Gradient.contiguous());
    private readonly T* _firstMoment = batch.Beta1 > 0 ? Pointer(slot.State.ExpAvg!) : null;
    private readonly T* _rms = batch.ScalesParameters ? Pointer(slot.State.Rms!) : null;

    public long Elements { get; } = slot.Weight.NumberOfElements;

    public static TensorUpdate<T> For(AdafactorSlot slot, AdafactorBatch batch) =>
        slot.State.ExpAvgSq is null ? new FactoredUpdate<T>(slot, batch) : new UnfactoredUpdate<T>(slot, batch);

    /// <summary>Does the whole update; <paramref name="each"/> runs the blocks of a pass, in turn or in parallel.</summary>
    public abstract void Run(Action<int, Action<int>> each);

    protected ReadOnlySpan<T> Gradient(long start, int count) => new(_gradient + start, count);

    /// <summary>The sum of some squared weights, where parameter scaling needs it.</summary>
    protected double SquaredWeights(long start, int count) =>
        _rms == null ? 0 : Rows.SumOfSquares<T>(new(_weight + start, count));

    /// <summary>The second moment moved towards a mean of squared gradients.</summary>
    protected T Average(T average, double mean) =>
        T.CreateTruncating(batch.Decay * double.CreateTruncating(average) + (1 - batch.Decay) * (mean + batch.Epsilon1));

    protected static T InverseRoot(T value) => T.CreateTruncating(1 / Math.Sqrt(double.CreateTruncating(value)));

    /// <summary>From each block's sums of d^2, before clipping, and of w^2: how d and w are scaled.</summary>
    protected Factors<T> FactorsFrom(ReadOnlySpan<(double Update, double Weight)> squares)
    {
        double update = 0, weight = 0;
        foreach (var sum in squares) (update, weight) = (update + sum.Update, weight + sum.Weight);

        var rate = batch.Rate;
        if (_rms != null)
        {
            var rms = Math.Sqrt(weight / Elements);
            *_rms = T.CreateTruncating(rms);
            rate *= Math.Max(batch.Epsilon2, rms);
        }
        var clip = Math.Max(1, Math.Sqrt(update / Elements) / batch.ClipThreshold);
        return new(rate / clip, T.CreateTruncating(1 - batch.WeightDecay * rate), T.CreateTruncating(batch.Beta1));
    }

    /// <summary>Moves the weights from <paramref name="start"/> on by g times a factor of their own and one they share.</summary>
    protected void Apply(long start, ReadOnlySpan<T> elementFactors, T factor, Factors<T> factors)
    {
        var weight = new Span<T>(_weight + start, elementFactors.Length);
        var gradient = Gradient(start, elementFactors.Length);
        if (_firstMoment == null)
            Rows.Subtract(weight, factors.Weight, gradient, elementFactors, factor);
        else
            Rows.Subtract(weight, factors.Weight, gradient, elementFactors, factor, new(_firstMoment + start, weight.Length), factors.FirstMoment);
    }

    protected static T* Pointer(Tensor tensor) => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}

/// <summary>What an update multiplies: d by Update, w by Weight, the first moment by FirstMoment.</summary>
internal readonly record struct Factors<T>(double Update, T Weight, T FirstMoment);
