using System.Buffers;

namespace SamSharp.Optimizers;

/// <summary>The passes over tensors of fewer dimensions, element by element.</summary>
internal sealed unsafe partial class AdafactorPasses<T, TTensor>
{
    private void UpdateElements(int tensor, Action<int, Action<int>> each)
    {
        _squares = Start(_allSquares, 0, tensor);
        var blocks = (int)((_elements + BlockElements - 1) / BlockElements);
        _inverseRoots = ArrayPool<T>.Shared.Rent((int)_elements);
        _sums = ArrayPool<(double, double)>.Shared.Rent(blocks);
        each(blocks, _measure);
        FindFactors(blocks);
        each(blocks, _apply);
        ArrayPool<T>.Shared.Return(_inverseRoots);
        ArrayPool<(double, double)>.Shared.Return(_sums);
    }

    /// <summary>The elements of a block of a tensor without rows.</summary>
    private (int Start, int Count) ElementsOf(int block) =>
        (block * BlockElements, (int)Math.Min(BlockElements, _elements - ((long)block * BlockElements)));

    private void MeasureElements(int block)
    {
        var (start, count) = ElementsOf(block);
        fixed (T* roots = &_inverseRoots[start])
        {
            for (var i = 0; i < count; i++)
            {
                var gradient = _tensor.Gradient(start + i);
                _squares[start + i] = Average(_squares[start + i], double.CreateTruncating(gradient * gradient));
                roots[i] = InverseRoot(_squares[start + i]);
            }
            _sums[block] = (_tensor.SumOfGradients(new SquaredUpdate<T>(roots), start, count), SquaredWeights(start, count));
        }
    }

    private void ApplyToElements(int block)
    {
        var (start, count) = ElementsOf(block);
        fixed (T* roots = &_inverseRoots[start]) Apply(start, roots, T.CreateTruncating(_factor), count);
    }
}
