using System.Buffers;
using System.Numerics;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>The update of a tensor of fewer than two dimensions, which has a second moment for each element.</summary>
internal sealed unsafe class UnfactoredUpdate<T>(AdafactorSlot slot, AdafactorBatch batch) : TensorUpdate<T>(slot, batch)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _squares = Pointer(slot.State.ExpAvgSq!);

    public override void Run(Action<int, Action<int>> each)
    {
        var count = (int)Elements;
        var blocks = (count + BlockElements - 1) / BlockElements;
        var inverseRoots = ArrayPool<T>.Shared.Rent(count);
        var squares = ArrayPool<(double Update, double Weight)>.Shared.Rent(blocks);

        each(blocks, block => squares[block] = Measure(block * BlockElements, PartOf(inverseRoots, block)));
        var factors = FactorsFrom(squares.AsSpan(0, blocks));
        each(blocks, block => Apply(block * BlockElements, PartOf(inverseRoots, block), T.CreateTruncating(factors.Update), factors));

        ArrayPool<T>.Shared.Return(inverseRoots);
        ArrayPool<(double, double)>.Shared.Return(squares);

        Span<T> PartOf(T[] array, int block) => array.AsSpan(block * BlockElements, Math.Min(BlockElements, count - block * BlockElements));
    }

    private (double Update, double Weight) Measure(int start, Span<T> inverseRoots)
    {
        var gradient = Gradient(start, inverseRoots.Length);
        var squares = new Span<T>(_squares + start, inverseRoots.Length);
        for (var i = 0; i < squares.Length; i++)
        {
            squares[i] = Average(squares[i], double.CreateTruncating(gradient[i] * gradient[i]));
            inverseRoots[i] = InverseRoot(squares[i]);
        }
        return (Rows.SumOfSquaredProducts(gradient, inverseRoots), SquaredWeights(start, inverseRoots.Length));
    }
}
